"""The page over a folder of its own, with deployments that are just as their records say."""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from modelscan import dataclasses
from modelscan.api.app import build_app
from modelscan.deployments.document import record_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.model import Deployment
from modelscan.selecting.context import Context
from modelscan.settings.reading import load_settings
from modelscan.storage.files import private_folder

HERE = "http://127.0.0.1:8090"


class PageHouse:
    def __init__(self, home: Path, **environ: str) -> None:
        settings = load_settings(
            {"MODELSCAN_HOME": str(home), "MODELSCAN_OFFLINE": "1", "PATH": "/usr/bin:/bin", **environ}
        )
        self.context = Context(settings=settings, targets={"local": "scripts.showcase.staged"})
        self.bugs: list[Exception] = []
        self.app = build_app(self.context, on_bug=self.bugs.append)
        self.client = TestClient(self.app, base_url=HERE, follow_redirects=False, raise_server_exceptions=False)

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(path, headers=headers)
        assert not self.bugs
        assert answer.status_code == status, answer.text
        return answer.text

    def deployed(self, name: str, **changes: Any) -> Deployment:
        """One that is there, by way of the states that lead to its own."""
        values: dict[str, Any] = {
            "id": f"{zlib.crc32(name.encode()):032x}",
            "model": f"lab/{name}",
            "backend": "vllm",
            **changes,
        }
        made = Deployment(name=name, **values)
        began = dataclasses.replace(made, status="pending", last_error=None)
        with Store(self.context.settings.paths, self.context.clock) as store:
            store.create(record_of(began))
            if made.status != "pending":
                store.write(record_of(dataclasses.replace(began, status="starting")))
                store.write(record_of(made))
        return made

    def logged(self, made: Deployment, *lines: str) -> None:
        folder = files_of(self.context.settings.paths, made.id).folder
        private_folder(folder)
        stamps = (f"2026-11-21T03:52:{number:02d}.218Z" for number in range(60))
        (folder / "backend.log").write_text("".join(f"{at} {line}\n" for at, line in zip(stamps, lines, strict=False)))


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def seen(html: str) -> _Seen:
    found = _Seen()
    found.feed(html)
    return found


def text_of(html: str) -> str:
    """What is read, without the markup."""
    return re.sub(r"\s+", " ", " ".join(seen(html).texts)).strip()


def ids_of(html: str) -> set[str]:
    return {attributes["id"] or "" for _, attributes in seen(html).tags if "id" in attributes}
