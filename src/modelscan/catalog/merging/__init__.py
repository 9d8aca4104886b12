"""Many records become one model (pure).

grouping    which records describe the same model
merge       which source wins for each field
shapes      the context and the sizes of files that shipped shapes give a model
tables      which lab owns which names, and open alternatives to closed models
"""
