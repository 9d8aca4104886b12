"""Where the traceback of a bug is saved."""

from __future__ import annotations

from pathlib import Path

from modelscan.errors import ModelscanError
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.storage.files import write_atomic
from modelscan.system.clock import SystemClock


def save_traceback(text: str) -> Path | None:
    """Write it below the state folder; None where that is impossible. Local values are not in it."""
    try:
        folder = load_settings(process_environment()).paths.bugs_folder
        path = folder / f"{SystemClock().now():%Y%m%dT%H%M%S%f}.txt"
        write_atomic(path, text)
    except ModelscanError:
        return None
    return path
