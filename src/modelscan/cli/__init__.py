"""The command line: parse, call one operation, show the result. `main` is the only entry."""

from modelscan.cli.main import main

__all__ = ["main"]
