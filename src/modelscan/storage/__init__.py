"""What is kept: where it lies, how it is written so that nothing is lost, and who may write now.

paths      every folder and file of ours, one value
files      private folders, replacement in one step, disk trouble in our words
locks      `flock` on a file that stays; held means that its owner lives
database   SQLite with numbered migrations, newer or damaged files refused
state      the state database: its migrations, and what its kinds of record share
documents  dataclasses to JSON and back, for our own documents
secrets    the user's tokens and keys
shipped    the data that comes with the program
"""
