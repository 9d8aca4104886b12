"""huggingface_hub's environment variables, with the meaning that they have there (2.4.0, constants.py).

The library reads them from the process when it is imported. Here they are read from `environ`, so that a caller's
mapping counts, and without importing the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelscan.hubs.refusals import require_address
from modelscan.parsing.regex import regex

HUB = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}
_NAME = regex(r"\$(?:(\w+)|\{([^}]*)\})")
_METADATA_SECONDS, _DOWNLOAD_SECONDS = 20.0, 10.0


def is_true(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").upper() in _TRUE


def endpoint_of(environ: Mapping[str, str]) -> str:
    """The hub, or the mirror that HF_ENDPOINT names. Raises ConfigInvalid."""
    return require_address(environ.get("HF_ENDPOINT") or HUB, "HF_ENDPOINT")


def is_offline(environ: Mapping[str, str]) -> bool:
    """HF_HUB_OFFLINE where it is set, also to no; else TRANSFORMERS_OFFLINE."""
    return is_true(environ, "HF_HUB_OFFLINE" if environ.get("HF_HUB_OFFLINE") else "TRANSFORMERS_OFFLINE")


def token_of(environ: Mapping[str, str]) -> str | None:
    """The user's token; None lets the library use its own login, or none where the user wants none sent."""
    if is_true(environ, "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        return None
    return environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN") or None


def home(environ: Mapping[str, str]) -> Path:
    """HF_HOME, else `huggingface` in XDG_CACHE_HOME or ~/.cache."""
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _path(environ.get("HF_HOME") or f"{cache}/huggingface", environ)


def hub_cache(environ: Mapping[str, str]) -> Path:
    """Where repos are kept: HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, its older name, else `hub` in HF_HOME."""
    named = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    return _path(named, environ) if named else home(environ) / "hub"


def login_file(environ: Mapping[str, str]) -> Path:
    """Where `hf auth login` writes: HF_TOKEN_PATH, else `token` in HF_HOME."""
    named = environ.get("HF_TOKEN_PATH")
    return _path(named, environ) if named else home(environ) / "token"


def metadata_timeout(environ: Mapping[str, str]) -> float:
    return _seconds(environ, "HF_HUB_ETAG_TIMEOUT", _METADATA_SECONDS)


def read_timeout(environ: Mapping[str, str]) -> float:
    return _seconds(environ, "HF_HUB_DOWNLOAD_TIMEOUT", _DOWNLOAD_SECONDS)


def wants_links(environ: Mapping[str, str]) -> bool:
    """Whether `snapshots/` may link to `blobs/`."""
    return not is_true(environ, "HF_HUB_DISABLE_SYMLINKS")


def wants_xet(environ: Mapping[str, str]) -> bool:
    """A mirror hands out files itself; the storage behind Xet is elsewhere, often just where a mirror's users cannot
    go. `HF_HUB_DISABLE_XET=0` says that they can.
    """
    if environ.get("HF_HUB_DISABLE_XET"):
        return not is_true(environ, "HF_HUB_DISABLE_XET")
    return endpoint_of(environ) == HUB


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        return max(0.1, float(environ[name])) or default
    except (KeyError, ValueError):
        return default


def _path(text: str, environ: Mapping[str, str]) -> Path:
    """As `os.path.expandvars(os.path.expanduser(text))`, of these variables; an unknown variable stays as it is."""
    user = environ.get("HOME")
    whole = f"{user}{text[1:]}" if user and (text == "~" or text.startswith("~/")) else str(Path(text).expanduser())
    return Path(_NAME.sub(lambda found: environ.get(found[1] or found[2], found[0]), whole)).absolute()
