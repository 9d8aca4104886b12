"""Families as data: `catalogs/families.toml`, read strictly, handed in by whoever reads weights.

keys     the spellings of a config's keys that the file lists
records  the file, read into records
table    the record of a model type, and what a shape gets from it
"""
