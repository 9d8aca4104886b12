"""Storage: where it is, how it is written so that nothing is lost, and who may write.

paths      every folder and file of ours, one value
files      private folders, atomic replacement, disk errors as ours
locks      `flock` on a file that stays; held means that its owner lives
database   SQLite with numbered migrations, newer or damaged files refused
state      the state database: its migrations, and what its kinds of record share
documents  dataclasses to JSON and back, for our own documents
secrets    the user's tokens
keys       those that clients show: hashes
passes     what opens the page for a while: files named by hashes
ownership  the supervisor behind a held lock
logs/      the output of supervised programs, within bounds, and reading it
shipped    the data that comes with the program
"""
