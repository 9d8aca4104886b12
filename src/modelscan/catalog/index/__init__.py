"""The models in one SQLite file.

`schema` is its tables, `build` writes one, `documents` a model in it, `whole` seals it and sees whether it is still
what was written. `open` finds the best there is, `index` answers from it, `overlay` lays the user's own files over it.
`search` finds models by words: `query` is what was asked (`words` and `translated` its words, `filters` its bounds).
"""
