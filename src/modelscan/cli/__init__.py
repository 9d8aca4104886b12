"""The command line: parse, call one operation, show the result. `main` is the only entry."""

import gc

# Starting makes classes and functions by the ten thousand and next to no garbage: looking for it each 700 objects is a
# twentieth of the time that a short command takes (docs/benchmarks.md).
gc.set_threshold(100_000)

from modelscan.cli.main import main  # noqa: E402  all that it imports is meant

__all__ = ["main"]
