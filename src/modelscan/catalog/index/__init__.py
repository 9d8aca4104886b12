"""The models in one SQLite file.

schema        its tables
build         writes a file, complete or not at all
documents     a model as compact JSON
whole         the checksum at the end of a file
open          the best index there is: the user's or the shipped one
registered    registered models over those of the catalog
index         answers questions from an open file
overlay       the user's own files on top of an index
filters       what limits a search or a list
query         a search, parsed: words, sizes, uses, formats
memory_words  how large a model may be for a machine
words         words of searches (generated)
conditions    what a hit must satisfy beside its words
search        find and rank models for a query
"""
