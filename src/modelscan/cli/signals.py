"""Ctrl-C and SIGTERM."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import FrameType

import typer

from modelscan.errors import Interrupted


class Terminated(KeyboardInterrupt):
    """SIGTERM: like Ctrl-C, but ends a chat too. Partial work is undone on the way out."""


def terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


@contextlib.contextmanager
def interruption_as_error() -> Iterator[None]:
    """Turn an interruption that nothing else handled into a failure like any other.

    Typer would turn it into a bare exit status (0.28, core.py, `_main`).
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("interrupted", hints=["modelscan list"]) from None
    finally:
        # Inside an `exec` of a string, as @dataclass does it at import, CPython notes an interruption as unhandled,
        # whoever catches it later, and `python -m` then dies of SIGINT whatever its exit status. The next such `exec`
        # takes the note back (3.11 to 3.13, Python/pythonrun.c: `run_eval_code_obj`, Modules/main.c: `Py_RunMain`).
        exec("")  # noqa: S102


@contextlib.contextmanager
def until_interrupted(*, reported: bool = False) -> Iterator[None]:
    """For commands that run until Ctrl-C: exit silently, since the user knows why. `reported`: raise it as an error."""
    try:
        yield
    except KeyboardInterrupt as end:
        if reported or isinstance(end, Terminated):
            raise
        raise typer.Exit(Interrupted.exit_status) from None
