"""What can be run: every source in one index, found by name.

A source's payload is parsed into records (`sources/`), records are merged into models (`merge`), models are written
into an SQLite index (`build`), and that index is opened (`index`), searched (`search`) and asked by name
(`identity`).
"""
