"""The user's request: from option values to dataclasses, to the record, and back to options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from modelscan.dataclasses import dataclass, field_names
from modelscan.errors import Usage
from modelscan.model import Candidate, PlanRequest, RestartPolicy
from modelscan.model.words import StartedBy
from modelscan.parsing.regex import regex
from modelscan.planning.telling.command import Wording, request_words
from modelscan.storage.documents import to_document
from modelscan.units import parse_duration, parse_tokens

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = regex(r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL|PRIVATE_?KEY)", re.IGNORECASE)


def _anything(_: Candidate) -> None:
    """Whatever was chosen will do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployRequest:
    """`timeout` is the whole of the start in seconds, None for no limit; it and what follows are of this call only.

    `accept` sees what was chosen before anything is written, and raises where the caller has no use for it. `share` is
    the memory that it may use where several are planned together, by GPU; `anew`: replace it even where the request is
    the same, `started_by` is the command.
    """

    plan: PlanRequest
    name: str | None = None
    target: str = "local"
    port: int | None = None
    host: str = "127.0.0.1"
    api_key_env: str | None = None
    restart: RestartPolicy | None = None
    stall_timeout: float | None = None
    idle_timeout: float | None = None
    on_demand: bool = False
    sleep: bool = False
    timeout: float | None = None
    aliases: tuple[str, ...] = ()
    replace: bool = False
    wait: bool = True
    accept: Callable[[Candidate], None] = _anything
    share: Mapping[str, int] | None = None
    anew: bool = False
    started_by: StartedBy = "deploy"


_KEPT = (
    *("name", "target", "port", "host", "api_key_env", "restart", "stall_timeout", "idle_timeout", "on_demand"),
    "sleep",
)
_DEFAULT = DeployRequest(plan=PlanRequest(model=""))


def request_document(wanted: DeployRequest, *, model_id: str) -> dict[str, Any]:
    """What is kept of a request, to tell the same one again: what the user fixed, with the model by its id."""
    document: dict[str, Any] = {"model": model_id}
    for name in field_names(PlanRequest):
        value = getattr(wanted.plan, name)
        if name != "model" and value != getattr(_DEFAULT.plan, name):
            document[name] = to_document(value)
    for name in _KEPT:
        if getattr(wanted, name) != getattr(_DEFAULT, name):
            document[name] = getattr(wanted, name)
    if wanted.aliases:
        document["aliases"] = list(wanted.aliases)
    return document


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """One line per key in which two requests under one name differ; `env.NAME` and `entry.context_length` for what is
    within a key. Whether the name was given or made from the model's is no difference.
    """
    before, after = dict(_opened(before)), dict(_opened(after))
    return [
        f"{key}: {_phrase(before.get(key))} before, {_phrase(after.get(key))} now"
        for key in sorted({*before, *after} - {"name"})
        if before.get(key) != after.get(key)
    ]


def _opened(document: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, Mapping):
            yield from _opened(value, f"{within}{key}.")
        else:
            yield f"{within}{key}", value


def _phrase(value: object) -> str:
    if value is None:
        return "not given"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def option_words(wanted: DeployRequest) -> list[str]:
    """The command line of a request, quoted for a shell, without the program and the verb."""
    return request_words(wanted.plan.model, request_document(wanted, model_id=wanted.plan.model))


def beside_words(wanted: DeployRequest) -> tuple[str, ...]:
    """The options on which no plan depends, for commands that keep them."""
    names = (*_KEPT, "aliases", "replace", "timeout")
    given = {name: getattr(wanted, name) for name in names if getattr(wanted, name) != getattr(_DEFAULT, name)}
    return tuple(request_words("", given)[1:])


def wording_of(wanted: DeployRequest) -> Wording:
    """How it was asked for."""
    return Wording(reference=wanted.plan.model, beside=beside_words(wanted))


def parse_gpus(words: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The GPUs named by `--gpu 0,1`, and whether the word was `none`. Raises Usage."""
    parts = tuple(part.strip() for word in words for part in word.split(",") if part.strip())
    if any(part.lower() == "none" for part in parts):
        if len(parts) > 1:
            raise Usage("`--gpu none` cannot be combined with other GPUs", hints=["name GPUs, or none"])
        return (), True
    return parts, False


def parse_context_length(text: str) -> int | Literal["max"]:
    """`32768`, `32k` or `max`. Raises Usage."""
    if text.lower() == "max":
        return "max"
    tokens = parse_tokens(text)
    if tokens < 1:
        raise Usage(f"`{text}` is not a context length", hints=["write it like `32768`, `32k` or `max`"])
    return tokens


def parse_idle_timeout(text: str) -> float:
    """Seconds of `90s`, `30m`, `2h`. Raises Usage for none: it would stop what it has just started."""
    seconds = parse_duration(text)
    if seconds < 1:
        raise Usage(f"`{text}` is too short", hints=["write it like --idle-timeout 30m"])
    return float(seconds)


def parse_env(words: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for the backend: `K=V`, or `K` to pass on the one that is set.

    What is written here is stored and shown, so a name that looks like a secret is refused. Raises Usage.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        check_env_names((name,))
        if not equals:
            if name not in environ:
                raise Usage(
                    f"the environment variable `{name}` is not set", hints=[f"export {name}=...", f"--env {name}=VALUE"]
                )
            value = environ[name]
        found[name] = value
    return found


def check_env_names(names: Iterable[str]) -> None:
    """Raise Usage for what is no name of a variable, or looks like that of a secret."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise Usage(f"`{name}` is not a valid environment variable name", hints=["write it like --env NAME=VALUE"])
        if _SECRET.search(name):
            raise Usage(
                f"`{name}` looks like a secret, and --env would store it in plain text",
                hints=["for the endpoint's key: export MY_KEY=... and --api-key-env MY_KEY"],
            )
