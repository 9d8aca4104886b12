"""Model families as data: `catalogs/families.toml`, validated strictly and passed in by the caller.

keys     the spellings of config keys that the file lists
records  parses the file into records
table    looks up the record of a model type, and adds what it knows to a shape
"""
