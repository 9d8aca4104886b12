"""The files of one deployment: its locks, its logs and the name of its cgroup, in a folder named by its id."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.storage.paths import Paths

CLAIMS_LOCK = "claims.lock"  # in the folder of locks: one command at a time allocates memory and ports


@dataclass(frozen=True, slots=True)
class DeploymentFiles:
    """`lock` is the supervisor's for its whole life; `command_lock` is held by a command at work on the record."""

    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def command_lock(self) -> Path:
        return self.folder / "command.lock"

    @property
    def key_files(self) -> list[Path]:
        """Files that hold a key (`KeyHandover`): during a start, or left by a killed supervisor."""
        return list(self.folder.glob("key.*"))

    @property
    def cgroup(self) -> Path:
        """The folder of the cgroup of its processes, as text, while there is one."""
        return self.folder / "cgroup"

    @property
    def socket(self) -> Path:
        """What its backend listens on, where that is no port."""
        return self.folder / "socket"

    @property
    def last_request(self) -> Path:
        """Empty; its time is the end of the last request, as far as the gateway or its supervisor saw one."""
        return self.folder / "last_request"

    @property
    def supervisor_log(self) -> Path:
        """Output of the supervisor itself: empty, or why it failed."""
        return self.folder / "supervisor.log"


def note_request(files: DeploymentFiles, at: float) -> None:
    """Keep when a request ended (seconds since the epoch); in vain once its folder is gone, or on a full disk."""
    with contextlib.suppress(OSError):
        os.close(os.open(files.last_request, os.O_CREAT | os.O_WRONLY, 0o600))
        os.utime(files.last_request, (at, at))


def last_request_at(files: DeploymentFiles) -> float | None:
    try:
        return files.last_request.stat().st_mtime
    except OSError:
        return None


def files_of(paths: Paths, deployment_id: str) -> DeploymentFiles:
    return DeploymentFiles(paths.deployments_folder / deployment_id)


def paths_of_state(state: Path) -> Paths:
    """For the supervisor, which gets only the state folder."""
    return Paths(config=state, cache=state, state=state, data=state)
