"""Many records become one model. Pure: `grouping` says which records mean the same model, `merge` whose word counts,
`tables` whose names are whose and what is open where a model is closed.
"""
