"""The files of one job, in a folder named by its id."""

from __future__ import annotations

from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class JobFiles:
    """`lock` is held from before the job is written until its runner ends."""

    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        """What the command wrote to stderr that is no event, and why its runner failed; mostly empty."""
        return self.folder / "log"


def job_files(paths: Paths, job_id: str) -> JobFiles:
    return JobFiles(paths.jobs_folder / job_id)
