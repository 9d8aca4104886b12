"""What ends a command from outside: Ctrl-C, and SIGTERM, which is the same but for a chat."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import FrameType

import typer

INTERRUPTED_EXIT_STATUS = 130


class Terminated(KeyboardInterrupt):
    """SIGTERM: what is half-made is undone on the way out."""


def terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


@contextlib.contextmanager
def left_by_ctrl_c() -> Iterator[None]:
    """For what goes on until it is interrupted: nothing is half-made, so nothing is said."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_EXIT_STATUS) from None
