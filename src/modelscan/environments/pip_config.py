"""pip's configuration, said in uv's words: uv reads none of it, and it is where people keep their mirrors."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from modelscan.environments.places import clean_environment
from modelscan.system.processes import run as process

_TIMEOUT_SECONDS = 30.0
# Later ones win, as in pip: all commands, then `pip install`, then PIP_* variables.
_SECTIONS = ("global", "install", ":env:")
_FALSE = {"", "0", "no", "false", "off", "n", "f"}


@dataclass(frozen=True, slots=True)
class _Word:
    """An option of pip and the variables of uv that say the same.

    The value is only handed on where the user set none of `unless`. Places are lists, and what is no longer there
    is left out: uv stops at a missing folder, pip does not.
    """

    option: str
    variables: tuple[str, ...]
    unless: tuple[str, ...] = ()
    separator: str | None = None


# uv's side: the environment reference of uv 0.13 and `uv help pip install`.
_WORDS = (
    _Word("index-url", ("UV_DEFAULT_INDEX",), unless=("UV_INDEX_URL",), separator=" "),
    _Word("extra-index-url", ("UV_INDEX",), unless=("UV_EXTRA_INDEX_URL",), separator=" "),
    _Word("find-links", ("UV_FIND_LINKS",), separator=","),
    _Word("trusted-host", ("UV_INSECURE_HOST",)),
    _Word("cert", ("SSL_CERT_FILE",), unless=("SSL_CERT_DIR",)),
    _Word("client-cert", ("SSL_CLIENT_CERT",)),
    _Word("proxy", ("HTTPS_PROXY", "HTTP_PROXY"), unless=("https_proxy", "http_proxy", "ALL_PROXY", "all_proxy")),
    _Word("timeout", ("UV_HTTP_TIMEOUT",), unless=("UV_REQUEST_TIMEOUT", "HTTP_TIMEOUT")),
    _Word("retries", ("UV_HTTP_RETRIES",)),
)


def read_pip_config(
    pythons: Iterable[str], *, environ: Mapping[str, str], run: process.Runner = process.run
) -> dict[str, str]:
    """The effective options of `pip install`, from the first of these interpreters that has pip.

    Where none has, the PIP_* variables alone. Lists stay one text, divided by white space, as pip keeps them.
    """
    for python in pythons:
        answer = run([python, "-m", "pip", "config", "list"], env=clean_environment(environ), timeout=_TIMEOUT_SECONDS)
        if answer.ok:
            return parse_pip_config(answer.stdout)
    return {_option(key[4:]): value for key, value in environ.items() if key.startswith("PIP_") and value}


def parse_pip_config(listing: str) -> dict[str, str]:
    """The options of `pip config list`: lines of `section.option='value'`, the value as Python writes it."""
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
    """The variables that make uv look where pip would. What the user told uv already stays as it is.

    Variables, not arguments: addresses may hold credentials, and arguments are in every process listing.
    """
    made: dict[str, str] = {}
    for word in _WORDS:
        value = options.get(word.option)
        if not value or any(environ.get(name) for name in (*word.variables, *word.unless)):
            continue
        if word.separator is not None:
            value = word.separator.join(place for item in value.split() if (place := _place(item, exists)))
        if value:
            made |= dict.fromkeys(word.variables, value)
    # pip takes the best version that any index has; uv by default asks only the first that knows the name.
    if "UV_INDEX" in made and not environ.get("UV_INDEX_STRATEGY"):
        made["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return made


def wants_no_index(options: Mapping[str, str]) -> bool:
    """Whether pip is told to use no index at all; uv has an argument for it, but no variable."""
    return options.get("no-index", "").lower() not in _FALSE


def _option(name: str) -> str:
    plain = name.lower().replace("_", "-")
    return {"default-timeout": "timeout", "pypi-url": "index-url"}.get(plain, plain)


def _place(text: str, exists: Callable[[Path], bool]) -> str | None:
    """An address as it is, a folder or file as an absolute path; None where that is missing."""
    parts = urlsplit(text)
    if parts.scheme == "file":
        return text if exists(Path(unquote(parts.path))) else None
    if parts.scheme:
        return text
    path = Path(text).expanduser().absolute()
    return str(path) if exists(path) else None
