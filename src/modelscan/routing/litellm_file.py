"""LiteLLM's configuration on disk: replaced whole and in one step, and only where modelscan wrote it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelscan.errors import Conflict
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.locks import hold
from modelscan.system.clock import Clock


def write_litellm(path: Path, text: Callable[[], str], *, mark: str, clock: Clock | None = None) -> bool:
    """Whether the file has changed. What begins with `mark` is ours.

    `text` is asked for under the file's lock, so that the later of two writers knows the later state. Raises Conflict
    for a file of somebody else's, StorageFailed.
    """
    path = path.resolve()
    with hold(path.with_name(f".{path.name}.lock"), note="litellm", clock=clock):
        before = _read(path)
        if before and not before.startswith(mark):
            raise Conflict(
                f"`{path}` was not written by modelscan and stays as it is",
                hints=[
                    "modelscan config set routing.litellm_file OTHER-PATH",
                    f"modelscan routes export --format litellm > '{path}'",
                ],
                details={"path": str(path)},
            )
        after = text()
        if after == before:
            return False
        write_atomic(path, after)
        return True


def _read(path: Path) -> str:
    with translated(path, verb="read"):
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
