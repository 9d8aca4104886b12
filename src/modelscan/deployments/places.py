"""Where the files of one deployment lie: its two locks and its logs, in a folder with its id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelscan.storage.paths import Paths

CLAIMS_LOCK = "claims.lock"  # in the folder of locks: one at a time hands out memory and ports


@dataclass(frozen=True, slots=True)
class Places:
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
        """What is here of a key that is handed over in files (`KeyHandover`): left by a killed supervisor, unless it
        starts.
        """
        return list(self.folder.glob("key.*"))

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor itself has to say: nothing, or why it failed."""
        return self.folder / "supervisor.log"


def places(paths: Paths, deployment_id: str) -> Places:
    return Places(paths.deployments_folder / deployment_id)


def paths_of_state(state: Path) -> Paths:
    """For the supervisor, which is told the state folder and needs no other."""
    return Paths(config=state, cache=state, state=state, data=state)
