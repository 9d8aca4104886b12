"""The options before the command."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class GlobalOptions(NamedTuple):
    """The options of `modelscan` itself. Parsing them reads no configuration, so that `--help` never fails."""

    config_file: Path | None = None
    offline: bool = False
