"""A request as its command line, so that a hint can be pasted and run, and keeps what was asked."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.errors import ModelAmbiguous, ModelscanError, NoFit
from modelscan.model import HUB_SOURCES, PlanRequest
from modelscan.parsing.regex import regex
from modelscan.units import GIB, MIB

_OPTIONS = {
    "gpus": "gpu",
    "no_gpu": "gpu",
    "gpu_count": "gpus",
    "max_memory_bytes": "max_memory",
    "max_host_memory_bytes": "max_host_memory",
    "aliases": "alias",
    "adapters": "adapter",
}
# The model is the first word, or its repo; the others are of files and entries.
_NO_OPTIONS = frozenset(
    {"model", "repo_id", "gpu_filters", "defaults", "pooling", "handling", "entry", "found_adapters", "beside"}
)
_BARE = regex(r".*modelscan (?P<verb>plan|deploy) (?P<model>\S+)(?P<options>(?: --\S+(?: [^-\s]\S*)?)*)")
_UNITS = ((GIB, "GiB"), (MIB, "MiB"))
_REPEATABLE = frozenset({"--env", "--backend-arg", "--allow-env", "--alias", "--adapter"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How a plan was asked for: `reference` is the model as the user names it, `described` the `--hardware` that was
    planned for (None: this machine), `beside` the options on which no plan depends, as words of a command line.
    """

    reference: str
    described: str | None = None
    beside: tuple[str, ...] = ()

    def command(self, request: PlanRequest, *, model: str | None = None, described: str | None = None) -> str:
        """`modelscan plan …` with all that the request fixes, for another model or machine where one is given."""
        named = dataclasses.replace(request, model=model or self.reference)
        return " ".join(["modelscan plan", *plan_words(named, described or self.described), *self.beside])

    @contextlib.contextmanager
    def carried(self, request: PlanRequest) -> Iterator[None]:
        """Inside, a command that an error hints at without the options of the request is completed with them: rooms
        below know what is wrong with a model, and not what was asked of it.
        """
        try:
            yield
        except NoFit:  # its hints say what they give up
            raise
        except ModelscanError as error:
            same = isinstance(error, ModelAmbiguous)
            error.hints = tuple(self._completed(hint, request, same_model=same) for hint in error.hints)
            raise

    def _completed(self, hint: str, request: PlanRequest, *, same_model: bool) -> str:
        found = _BARE.fullmatch(hint)
        if found is None:
            return hint
        if not same_model and found["model"] != shlex.quote(self.reference):
            request = of_any_model(request)
        given = set(re.findall(r"--[a-z-]+", found["options"])) - _REPEATABLE
        described = self.described if found["verb"] == "plan" else None
        words = [*plan_words(request, described)[1:], *self.beside]
        added = [word for word in words if re.split("[ =]", word.strip("'"))[0] not in given and f" {word}" not in hint]
        return " ".join([hint, *added])


def of_any_model(request: PlanRequest) -> PlanRequest:
    """What is asked whichever model it is for: nothing of the files of one or of what goes on top of it, least of all a
    consent to run its code.
    """
    source = request.source if request.source in HUB_SOURCES else None
    return dataclasses.replace(
        request,
        repo_id=None,
        revision=None,
        source=source,
        trust_remote_code=False,
        allow_pickle=False,
        adapters={},
        found_adapters=(),
    )


def request_words(reference: str, request: Mapping[str, Any]) -> list[str]:
    """The arguments of a request without the program and the verb, quoted for a shell, each option with its value."""
    words = [shlex.quote(request.get("repo_id") or reference)]
    for name, value in request.items():
        if name not in _NO_OPTIONS:
            words += _option_words(name, value)
    return words


def _option_words(name: str, value: Any) -> list[str]:
    option = option_of(name)
    match name, value:
        case "gpus", chosen:
            return [f"--gpu {','.join(chosen)}"]
        case "backend_args", arguments:
            return [shlex.quote(f"--backend-arg={argument}") for argument in arguments]
        case "env" | "adapters", named:
            return [f"{option} {shlex.quote(f'{key}={text}')}" for key, text in named.items()]
        case "aliases" | "allow_env", names:
            return [f"{option} {shlex.quote(name)}" for name in names]
        case _, True:
            return [f"{option} none" if name == "no_gpu" else option]
        case _:
            return [f"{option} {shlex.quote(_text(name, value))}"]


def _text(field: str, value: Any) -> str:
    """As people write it, where that is exact."""
    if field in {"max_memory_bytes", "max_host_memory_bytes"}:
        unit, word = next(((unit, word) for unit, word in _UNITS if value % unit == 0), (1, ""))
        return f"{value // unit}{word}"
    return str(value).removesuffix(".0")


def option_of(field: str) -> str:
    """The option that sets a field of a request."""
    return f"--{_OPTIONS.get(field, field).replace('_', '-')}"


def plan_words(request: PlanRequest, described: str | None = None) -> list[str]:
    """What the request fixes; `described` is the description of a machine."""
    fixed = {
        name: value
        for name, default in dataclasses.defaults(request).items()
        if (value := getattr(request, name)) and value != default
    }
    words = request_words(request.model, fixed)
    return [*words, f"--hardware {shlex.quote(described)}"] if described else words
