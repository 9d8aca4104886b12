"""Where the user's Ollama answers, and what it calls its models. Pure.

Source of the rules: ollama/ollama, `envconfig/config.go` (Host) and `types/model/name.go`, MIT.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.errors import SourceUnavailable, Usage

OLLAMA = "ollama"
HOST = "OLLAMA_HOST"
_PORTS = {"http": 80, "https": 443}
_PORT = 11434
_LARGEST_PORT = 65_535
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  what a server listens on
_PREFIXES = ("registry.ollama.ai/", "library/")
_LATEST = ":latest"


def ollama_address(environ: Mapping[str, str]) -> str:
    """Its address, without a path: what `OLLAMA_HOST` says, read as Ollama reads it, where a client reaches that."""
    scheme, found, rest = environ.get(HOST, "").strip().strip("\"'").partition("://")
    if not found:
        scheme, rest = "http", scheme
    port = _PORTS.get(scheme, _PORT) if found else _PORT
    place = rest.partition("/")[0]
    host, colon, given = place.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # no port, or a bare address of IPv6
        host, given = place, ""
    if given.isdecimal() and int(given) <= _LARGEST_PORT:
        port = int(given)
    host = host.strip("[]")
    host = _EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"{'https' if scheme == 'https' else 'http'}://{host}:{port}"


def normal_tag(name: str) -> str:
    """The tag as Ollama shows it: without what every name may leave out, and with its version."""
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name if ":" in name.rpartition("/")[2] else f"{name}{_LATEST}"


def spellings(tag: str) -> tuple[str, ...]:
    """The names that Ollama takes for it, the whole one first."""
    whole = normal_tag(tag)
    return (whole, whole.removesuffix(_LATEST)) if whole.endswith(_LATEST) else (whole,)


def is_cloud(name: str, entry: Mapping[str, object]) -> bool:
    """Whether a listed model runs on somebody else's machines."""
    _, colon, tag = name.rpartition(":")
    return bool(entry.get("remote_host")) or (bool(colon) and (tag == "cloud" or tag.endswith("-cloud")))


def refuse_cloud(tag: str, entry: Mapping[str, object], hint: str) -> None:
    """Raise Usage for a model that Ollama only hands on."""
    if is_cloud(tag, entry):
        raise Usage(f"`{tag}` runs in Ollama's cloud, not on this machine", hints=[hint])


def not_there(address: str, error: SourceUnavailable) -> SourceUnavailable:
    """The error where it does not answer: it is the user's to start."""
    return SourceUnavailable(
        f"Ollama does not answer at `{address}`",
        cause=error.cause or [error.message],
        hints=["start it as you always do: ollama serve", f"where it is elsewhere: export {HOST}=http://HOST:PORT"],
        details={"address": address},
    )
