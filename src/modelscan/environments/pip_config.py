"""Translate pip's configuration for uv, which ignores it: people configure their mirrors there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from modelscan.dataclasses import dataclass
from modelscan.environments.locations import clean_environment
from modelscan.system.processes import run as process

_TIMEOUT_SECONDS = 30.0
# Later ones win, as in pip: all commands, then `pip install`, then PIP_* variables.
_SECTIONS = ("global", "install", ":env:")
_FALSE = {"", "0", "no", "false", "off", "n", "f"}


@dataclass(frozen=True, slots=True)
class _Option:
    """An option of pip and the equivalent variables of uv.

    The value is passed on only where the user set none of `unless`. An option with a `separator` is a list of
    locations; missing folders are left out, because uv fails on them and pip does not.
    """

    name: str
    variables: tuple[str, ...]
    unless: tuple[str, ...] = ()
    separator: str | None = None


# uv's side: the environment reference of uv 0.13 and `uv help pip install`.
_OPTIONS = (
    _Option("index-url", ("UV_DEFAULT_INDEX",), unless=("UV_INDEX_URL",), separator=" "),
    _Option("extra-index-url", ("UV_INDEX",), unless=("UV_EXTRA_INDEX_URL",), separator=" "),
    _Option("find-links", ("UV_FIND_LINKS",), separator=","),
    _Option("trusted-host", ("UV_INSECURE_HOST",)),
    _Option("cert", ("SSL_CERT_FILE",), unless=("SSL_CERT_DIR",)),
    _Option("client-cert", ("SSL_CLIENT_CERT",)),
    _Option("proxy", ("HTTPS_PROXY", "HTTP_PROXY"), unless=("https_proxy", "http_proxy", "ALL_PROXY", "all_proxy")),
    _Option("timeout", ("UV_HTTP_TIMEOUT",), unless=("UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT")),
    _Option("retries", ("UV_HTTP_RETRIES",)),
)


def read_pip_config(
    pythons: Iterable[str], *, environ: Mapping[str, str], run: process.Runner = process.run
) -> dict[str, str]:
    """The effective options of `pip install`, from the first of these interpreters that has pip.

    Without pip, only the PIP_* variables. Lists stay one string, separated by whitespace, as in pip.
    """
    for python in pythons:
        answer = run([python, "-m", "pip", "config", "list"], env=clean_environment(environ), timeout=_TIMEOUT_SECONDS)
        if answer.ok:
            return parse_pip_config(answer.stdout)
    return {_option(key[4:]): value for key, value in environ.items() if key.startswith("PIP_") and value}


def parse_pip_config(listing: str) -> dict[str, str]:
    """Parse `pip config list`: lines of `section.option='value'`, with a Python literal as the value."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        name, equals, literal = line.partition("=")
        section, dot, option = name.strip().rpartition(".")
        if not equals or not dot or section not in found:
            continue
        try:
            value = ast.literal_eval(literal.strip())
        except (ValueError, SyntaxError):
            continue
        found[section][_option(option)] = str(value).strip()
    merged: dict[str, str] = {}
    for section in _SECTIONS:
        merged |= found[section]
    return merged


def uv_variables(
    options: Mapping[str, str], environ: Mapping[str, str], *, exists: Callable[[Path], bool] = Path.exists
) -> dict[str, str]:
    """The variables that make uv use pip's sources. What the user already set for uv stays as it is.

    Variables, not arguments: URLs may contain credentials, and process listings show arguments.
    """
    made: dict[str, str] = {}
    for option in _OPTIONS:
        value = options.get(option.name)
        if not value or any(environ.get(name) for name in (*option.variables, *option.unless)):
            continue
        if option.separator is not None:
            value = option.separator.join(place for item in value.split() if (place := _place(item, exists)))
        if value:
            made |= dict.fromkeys(option.variables, value)
    # pip takes the best version of any index; uv by default uses only the first index that has the name.
    if "UV_INDEX" in made and not environ.get("UV_INDEX_STRATEGY"):
        made["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return made


def wants_no_index(options: Mapping[str, str]) -> bool:
    """Whether pip is configured to use no index; uv has an argument for this, but no variable."""
    return options.get("no-index", "").lower() not in _FALSE


def _option(name: str) -> str:
    plain = name.lower().replace("_", "-")
    return {"default-timeout": "timeout", "pypi-url": "index-url"}.get(plain, plain)


def _place(text: str, exists: Callable[[Path], bool]) -> str | None:
    """A URL unchanged, a folder or file as an absolute path; None where that is missing."""
    parts = urlsplit(text)
    if parts.scheme == "file":
        return text if exists(Path(unquote(parts.path))) else None
    if parts.scheme:
        return text
    path = Path(text).expanduser().absolute()
    return str(path) if exists(path) else None
