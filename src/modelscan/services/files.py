"""The files of a service: its locks, its log, what it says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.services.service import Service
from modelscan.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class ServiceFiles:
    """`lock` is held for as long as it is supervised; `status` is written by the process that serves."""

    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def command_lock(self) -> Path:
        return self.folder / "command.lock"

    @property
    def status(self) -> Path:
        return self.folder / "status.json"

    @property
    def supervisor_log(self) -> Path:
        """Output of its supervisor itself: empty, or why it failed."""
        return self.folder / "supervisor.log"


def service_files(paths: Paths, service: Service) -> ServiceFiles:
    return ServiceFiles(paths.state / service.name)


def log_name(service: Service) -> str:
    return f"{service.name}.log"


def read_status(files: ServiceFiles) -> dict[str, Any]:
    """What the serving process last said of itself; empty where it said nothing readable."""
    try:
        found = json.loads(files.status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
