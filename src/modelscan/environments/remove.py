"""Taking an environment of ours away."""

from __future__ import annotations

import shutil
from pathlib import Path

from modelscan.environments.places import RECORD_NAME, install_lock
from modelscan.errors import Usage
from modelscan.model import Installation
from modelscan.settings.reading import Settings
from modelscan.storage.files import translated
from modelscan.storage.locks import hold


def remove(installation: Installation, settings: Settings) -> None:
    """Delete the whole folder. Whether something uses it is the caller's question.

    Raises Usage for what modelscan did not install, StorageFailed, Conflict while an installation runs.
    """
    folder = Path(installation.path)
    if not installation.managed or folder.parent != settings.paths.environments_folder:
        raise Usage(
            f"`{installation.program}` was not installed by modelscan",
            cause=["modelscan removes only what it installed"],
            hints=["modelscan backend list"],
            details={"path": installation.path},
        )
    with (
        hold(install_lock(settings.paths), note=f"modelscan backend remove {installation.backend}"),
        translated(folder, verb="remove"),
    ):
        # Without its record it counts no more, also if the rest takes a while or is interrupted.
        (folder / RECORD_NAME).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
