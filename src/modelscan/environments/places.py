"""Where our environments lie, and what a program in one is given of the user's environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from modelscan.model import Device
from modelscan.storage.paths import Paths

RECORD_NAME = "record.json"
RECORD_FORMAT = 1

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
# They would lead a program out of its own environment, or uv to another target than the one we name.
_MISLEADING = frozenset(
    {
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "__PYVENV_LAUNCHER__",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_WORKING_DIR",
        "UV_TORCH_BACKEND",
        "UV_REQUIRE_HASHES",
        "UV_RESOLUTION",
        "UV_OVERRIDE",
        "UV_CONSTRAINT",
        "UV_EXCLUDE",
    }
)


def environment_folder(paths: Paths, backend: str, version: str, device: Device) -> Path:
    return paths.environments_folder / f"{backend}-{version}-{device}"


def install_lock(paths: Paths) -> Path:
    """One installation or removal at a time: they share uv's bootstrap and the disk."""
    return paths.locks_folder / "install.lock"


def install_log(paths: Paths, name: str) -> Path:
    return paths.state / "installs" / f"{name}.log"


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's variables without those that would lead a program of another environment astray."""
    return {key: value for key, value in environ.items() if key not in _MISLEADING}


def without_credentials(text: str) -> str:
    """`https://name:word@host/` becomes `https://***@host/`, wherever it stands in the text."""
    return _CREDENTIALS.sub("***@", text)
