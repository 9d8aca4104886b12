"""What can be run: every source in one index, found by name.

sources    what others list, each parsed into records
naming     what names mean, and when two names mean one model (pure)
merging    many records become one model, with the origin of every field (pure)
index      the models in one SQLite file: built, opened, searched, with the user's own files on top
refresh    fetch the sources again, what ships with the program, and what a refresh changed
"""
