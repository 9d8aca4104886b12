"""Delete an environment of modelscan's own."""

from __future__ import annotations

import shutil
from pathlib import Path

from modelscan.environments.locations import RECORD_NAME, install_lock
from modelscan.errors import Usage
from modelscan.model import Installation
from modelscan.settings.reading import Settings
from modelscan.storage.files import translated
from modelscan.storage.locks import hold


def remove(installation: Installation, settings: Settings) -> None:
    """Delete the whole folder. The caller checks that no deployment uses it.

    Raises Usage for what modelscan did not install, StorageFailed, Conflict while an installation is running.
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
        # Without its record it is no longer valid, even if deleting the rest is slow or interrupted.
        (folder / RECORD_NAME).unlink(missing_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
