"""Families as data: `catalogs/families.toml`, read strictly, handed in by whoever reads weights.

`records` reads the file, `keys` says which spellings of a config it lists, `table` finds the record of a model type and
gives a shape what its family is known for.
"""
