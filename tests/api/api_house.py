"""The application over a test's own home, and jobs that only stand in the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi.testclient import TestClient

from modelscan.api.app import build_app
from modelscan.dataclasses import replace
from modelscan.jobs.job import Job, JobKind
from modelscan.jobs.site import JobSite
from modelscan.jobs.store import JobStore, new_job_id
from modelscan.selecting.context import Context
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.system.clock import rfc3339

HERE = "http://127.0.0.1:8090"


def context_of(home: Path, **environ: str) -> Context:
    """With what the test put into the environment."""
    return Context(settings=load_settings({**process_environment(), "MODELSCAN_HOME": str(home), **environ}))


class Starter:
    """Begins nothing: each job is written as one that has ended; `begun` are their command lines."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, ...]] = []

    def __call__(
        self,
        site: JobSite,
        *,
        kind: JobKind,
        subject: str,
        argv: Sequence[str],
        secrets: Mapping[str, str] = MappingProxyType({}),  # noqa: ARG002
    ) -> Job:
        self.begun.append(tuple(argv))
        job = Job(
            id=new_job_id(),
            kind=kind,
            subject=subject,
            argv=tuple(argv),
            status="done",
            created_at=rfc3339(site.clock.now()),
        )
        with JobStore(site.settings.paths, site.clock) as store:
            store.create(job)
            store.forget_old()
        return job


def raising(error: Exception) -> None:
    raise error


def client_of(context: Context, starter: Starter | None = None) -> TestClient:
    return TestClient(build_app(replace(context, start_job=starter), on_bug=raising), base_url=HERE)


class Listener:
    """Hears a stream until `enough` says so, and then leaves as a browser does."""

    def __init__(self, app: Any, path: str, *, enough: Callable[[str], bool], **headers: str) -> None:
        self.text = ""
        self.headers: dict[str, str] = {}
        self._enough = enough
        self._left = asyncio.Event()
        self.hears = asyncio.Event()
        self._asked = False
        self._app = app
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8090),
            "headers": [(b"host", b"127.0.0.1:8090"), *((k.encode(), v.encode()) for k, v in headers.items())],
        }

    async def listen(self) -> None:
        await asyncio.wait_for(self._app(self._scope, self._receive, self._send), 60)

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.text += message.get("body", b"").decode()
        if self.text:
            self.hears.set()
        if self._enough(self.text):
            self._left.set()

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        """Ids, kinds and documents."""
        found = []
        for block in self.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "event" in fields:
                found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
        return found
