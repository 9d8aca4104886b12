"""Fetching the sources anew: `refresh` replaces the user's index, `tombstones` keeps what the user depends on, and
`difference` says what changed. `shipped` reads what comes with the program, `shipped_index` makes an index of it.
"""
