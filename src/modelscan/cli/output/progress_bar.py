"""A bar on a terminal, with rich."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


class ProgressBar:
    """Appears when created, disappears when stopped."""

    def __init__(self, stream: TextIO) -> None:
        console = Console(file=stream, highlight=False, markup=False)
        columns = (BarColumn(bar_width=30), TextColumn("{task.percentage:3.0f} %  {task.fields[words]}"))
        self._drawn = Progress(*columns, console=console, transient=True)
        self._task = self._drawn.add_task("", total=1.0, words="")
        self._drawn.start()

    def show(self, fraction: float, words: str) -> None:
        self._drawn.update(self._task, completed=fraction, words=words)

    def stop(self) -> None:
        self._drawn.stop()
