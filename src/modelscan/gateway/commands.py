"""Starting and stopping deployments: by running the command, as a person would; it has the locks and the plan."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.deployments.store import Store
from modelscan.errors import ModelscanError
from modelscan.gateway.scheduling.eviction import Shortage
from modelscan.gateway.scheduling.ticket import StartFailure
from modelscan.model import Progress
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.system.processes.run import Completed, Runner
from modelscan.targets.site import ACTING, ACTING_WHY

_PROGRAM = (sys.executable, "-m", "modelscan")
_STOP_SECONDS = 300.0
_LOOK_SECONDS = 60.0


class Commands:
    """`run` is the door to processes; each command waits in a thread of its own."""

    def __init__(
        self,
        run: Runner,
        *,
        paths: Paths,
        environ: Mapping[str, str],
        clock: Clock,
        options: Sequence[str] = (),
        start_seconds: float,
    ) -> None:
        self._clock = clock
        self._run = run
        self._environ = environ
        self._options = tuple(options)
        self._start_seconds = start_seconds
        self.paths = paths

    async def start(self, name: str, why: str) -> StartFailure | None:
        """None once it is ready. A start by somebody else is followed, not begun again."""
        done = await self._command("start", name, "--timeout", f"{self._start_seconds:g}", "--json", why=why)
        return None if done.ok else _failure(done)

    async def stop(self, name: str, why: str) -> None:
        """Returns when nothing of it is left and its memory is back."""
        await self._command("stop", name, "--json", seconds=_STOP_SECONDS, why=why)

    def progress(self, deployment_id: str) -> str:
        """How far its start is, in words: what its record says, without a command; empty where it says nothing."""
        try:
            with Store.for_reading(self.paths, self._clock) as store:
                status = store.by_id(deployment_id).status
        except ModelscanError:
            return ""
        progress = status.progress or Progress()
        share = f"{progress.fraction:.0%}" if progress.fraction is not None and not progress.detail else None
        return ", ".join(" ".join(part.split()) for part in (status.phase, progress.detail, share) if part)

    async def look(self) -> None:
        """What runs is looked at, and the table written anew where it was wrong."""
        await self._command("list", "--quiet", seconds=_LOOK_SECONDS)

    async def _command(self, *words: str, seconds: float | None = None, why: str | None = None) -> Completed:
        argv = (*_PROGRAM, *self._options, *words)
        environ = {**self._environ, ACTING: "gateway", **({ACTING_WHY: why} if why else {})}
        timeout = seconds or self._start_seconds + _STOP_SECONDS
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, lambda: self._run(argv, env=environ, timeout=timeout))


def _failure(done: Completed) -> StartFailure:
    """The command's own words: its message and cause, and the memory that was short."""
    error = _error_in(done.stderr)
    message = str(error.get("message") or done.problem or "the command failed")
    details = error.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("cause")
    if isinstance(causes, list) and causes:
        message = f"{message}: {'; '.join(map(str, causes[:3]))}"
    needed, free = details.get("needed_bytes"), details.get("free_bytes")
    if details.get("taken") == "memory" and isinstance(needed, int) and isinstance(free, int):
        index = details.get("gpu_index")
        return StartFailure(message, Shortage("host" if index is None else str(index), needed - free))
    return StartFailure(message)


def _error_in(text: str) -> dict[str, Any]:
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("error"), dict):
            return dict(found["error"])
    return {}
