"""The user's configuration file, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelscan.errors import ConfigInvalid


def config_text(path: Path) -> str:
    """What is in the file; nothing where there is none. Raises ConfigInvalid."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from error


def parse_config(text: str, path: Path) -> dict[str, Any]:
    """The TOML of a configuration file. Raises ConfigInvalid."""
    import tomllib  # most users have no such file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ConfigInvalid:
    return ConfigInvalid(
        f"the configuration file `{path}` cannot be read",
        cause=[str(error)],
        hints=[f"fix it: ${{EDITOR:-vi}} '{path}'"],
        details={"path": str(path)},
    )
