"""What ends a command from outside."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import FrameType

import typer

from modelscan.errors import Interrupted


class Terminated(KeyboardInterrupt):
    """SIGTERM, which is as Ctrl-C but for a chat: what is half-made is undone on the way out."""


def terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


@contextlib.contextmanager
def interruption_told() -> Iterator[None]:
    """Inside, an interruption that nothing else had words for becomes a failure like any other.

    Typer would make a bare exit status of it (0.28, core.py, `_main`).
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
def until_interrupted(*, told: bool = False) -> Iterator[None]:
    """For what goes on until Ctrl-C: a person knows why it ends. `told`: who reads it is told, as of all commands."""
    try:
        yield
    except KeyboardInterrupt as end:
        if told or isinstance(end, Terminated):
            raise
        raise typer.Exit(Interrupted.exit_status) from None
