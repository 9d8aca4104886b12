"""What ends a command from outside."""

from __future__ import annotations

from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, which is as Ctrl-C but for a chat: what is half-made is undone on the way out."""


def terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
