"""Regular expressions that are compiled when they are first asked.

A command loads some 240 of them and asks half: Python 3.11 keeps none compiled on disk, and to compile the others took
`plan` 7 ms of 120 (docs/benchmarks.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import compile as regex
else:
    _METHODS = ("findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn")

    class regex:  # noqa: N801  called as `re.compile` is; an expression that is none is found when it is first asked
        __slots__ = ("flags", "pattern", *_METHODS)

        def __init__(self, pattern: str, flags: int = 0) -> None:
            self.pattern, self.flags = pattern, flags

        def __getattr__(self, name: str) -> Any:
            """A method that is not there yet; from then on all are the compiled expression's own."""
            compiled = re.compile(self.pattern, self.flags)
            for method in _METHODS:
                setattr(self, method, getattr(compiled, method))
            return getattr(compiled, name)


__all__ = ["regex"]
