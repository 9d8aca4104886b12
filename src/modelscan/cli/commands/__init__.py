"""The commands, in the rooms of the verbs that they call: `find`, `run`, `carry`, `manage`, `connect`, `maintain`.

Each function parses, calls one verb and hands the result to a view. The table (`cli/table.py`) names it and has its
line of help; its module is imported when it is called, and not before.
"""
