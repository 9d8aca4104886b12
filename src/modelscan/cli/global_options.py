"""What stands before the command: read once, used when a command first needs its settings."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class GlobalOptions(NamedTuple):
    """The options of `modelscan` itself. No configuration is read for them, so that `--help` never fails."""

    config_file: Path | None = None
    offline: bool = False
