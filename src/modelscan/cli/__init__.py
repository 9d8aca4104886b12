"""The command line: parse, call one verb, show the result. `main` is the only entry.

`table` names every command; `app` makes the tree of it, as far as a command line goes down; `commands` are the
functions, `options` what they take, `views` and `output` what people and programs see; `session` leads from a command
to its settings and doors. `signals`, `bugs`, `asking`, `bulk` and `conversation` are each what it says.
"""

import gc

# Starting makes classes and functions by the ten thousand and next to no garbage: looking for it each 700 objects is a
# twentieth of the time that a short command takes (docs/benchmarks.md).
gc.set_threshold(100_000)

from modelscan.cli.main import main  # noqa: E402  all that it imports is meant

__all__ = ["main"]
