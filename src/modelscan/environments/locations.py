"""Paths of the environments, and the user's environment variables that reach their programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelscan.parsing.regex import regex
from modelscan.storage.paths import Paths

RECORD_NAME = "record.json"
RECORD_FORMAT = 1

_CREDENTIALS = regex(r"(?<=://)[^/\s@]+@")
# They would point a program outside its own environment, or uv at another target than ours.
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


def environment_folder(paths: Paths, name: str) -> Path:
    return paths.environments_folder / name


def install_lock(paths: Paths) -> Path:
    """Allows one installation or removal at a time: they share the private uv and the disk."""
    return paths.locks_folder / "install.lock"


def install_log(paths: Paths, name: str) -> Path:
    return paths.state / "installs" / f"{name}.log"


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's variables without those that would point a program outside its environment."""
    return {key: value for key, value in environ.items() if key not in _MISLEADING}


def without_credentials(text: str) -> str:
    """Replace `https://name:word@host/` by `https://***@host/` anywhere in the text."""
    return _CREDENTIALS.sub("***@", text)
