"""Many records become one model (pure).

grouping    which records describe the same model
merge       which source wins for each field
tables      which lab owns which names, and open alternatives to closed models
"""
