"""Where the traceback of a bug is saved."""

from __future__ import annotations

import traceback
from pathlib import Path

from modelscan.errors import ModelscanError
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.storage.files import write_atomic
from modelscan.system.clock import SystemClock


def save_traceback(error: Exception) -> Path | None:
    """Write it below the state folder; None where that is impossible. Local values are not in it."""
    try:
        folder = load_settings(process_environment()).paths.bugs_folder
        path = folder / f"{SystemClock().now():%Y%m%dT%H%M%S%f}.txt"
        write_atomic(path, "".join(traceback.format_exception(error)))
    except ModelscanError:
        return None
    return path


def print_traceback(error: Exception) -> None:
    """To stderr, where it could not be saved."""
    traceback.print_exception(error)
