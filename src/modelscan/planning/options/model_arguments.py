"""Arguments that a model needs on any hardware, from catalogs: its parsers and the form of its files.

Catalog arguments are data (rule 12): each is translated to the planned version and checked against the backend's list
(a parser also against that version's parsers); the rest is left out and shown. Where no catalog names a parser that the
model needs, that of its family or its line is used. Nothing is guessed: without a source no parser is set, and the plan
says what that costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from modelscan.backends.arguments.allowed import why_refused
from modelscan.backends.arguments.history import ArgumentHistory, release
from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.backends.backend import Backend
from modelscan.dataclasses import dataclass, field
from modelscan.errors import Usage
from modelscan.model import Architecture, Capabilities, Spec, Task
from modelscan.planning.options.chat_formats import ChatFormat
from modelscan.planning.options.facts import Parsers

_TALKING: frozenset[Task] = frozenset({"chat", "completion"})
_SOURCES = ("vllm-recipes", "gpustack")  # the backend's own recipes first
_PARSERS = {"--tool-call-parser": "tool-call", "--reasoning-parser": "reasoning"}
_LOST = {
    "--tool-call-parser": "tool calls arrive as text in the answer",
    "--reasoning-parser": "its reasoning arrives in the answer",
}
_FAMILIES = "families"
_DEFAULT = "auto"  # the default of every argument that a catalog may set (vLLM 0.33.0, SGLang 0.5.23: --help)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelArguments:
    """`words` for the command line; `reasons` and `dropped` for people."""

    words: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Chosen:
    """The value taken for each argument, the sources, and what was left out."""

    values: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, value: str, source: str) -> None:
        if name not in self.values:
            self.values[name] = value
            if source not in self.sources:
                self.sources.append(source)


def model_arguments(
    specs: Sequence[Spec],
    *,
    backend: Backend,
    version: str | None,
    repo_id: str,
    task: Task,
    capabilities: Capabilities | None,
    shape: Architecture | None,
    line: ChatFormat | None = None,
    parsers: Parsers,
    history: ArgumentHistory,
) -> ModelArguments:
    """From the specs for this backend, by source; within a source, those for these exact weights first.

    The first spec that sets an argument wins. A parser belongs to the model, whatever the weights; the form of the
    files belongs to the weights.
    """
    chosen = _Chosen()
    for spec in sorted((item for item in specs if item.backend == backend.name), key=lambda item: _rank(item, repo_id)):
        if spec.min_backend_version and version and release(spec.min_backend_version) > release(version):
            what = f"everything {spec.source} has for {backend.title} {spec.min_backend_version} and newer"
            chosen.dropped.setdefault(what, f"{version} is planned")
            continue
        own = _same(spec, repo_id)
        for given in _read(spec, chosen):
            changed = history.translation(given, backend.name, version, repo_id=repo_id)
            if changed is not None and not changed.becomes:
                chosen.dropped.setdefault(f"{given.shown} ({spec.source})", changed.why)
            source = spec.source if changed is None else f"{spec.source} (for {given.shown}: {changed.why})"
            for argument in (given,) if changed is None else read_arguments(changed.words(given)):
                _weigh(argument, source, backend, version, task, parsers, chosen, own=own)
        for name in spec.env:
            chosen.dropped.setdefault(f"{name} ({spec.source})", "catalogs may not set environment variables")
    for source, named in _of_its_kind(shape, line, backend):
        wanted = _wanted(backend, capabilities, may_call=line is not None and named is line.parsers)
        _take_missing(named, source, backend, version, wanted, parsers, chosen)
    if task not in _TALKING:
        for name in _PARSERS:
            chosen.values.pop(name, None)
    return ModelArguments(
        words=tuple(f"{name}={value}" for name, value in chosen.values.items() if value != _DEFAULT),
        reasons=tuple(_reasons(chosen, backend, task, capabilities, line.refused if line is not None else {})),
        dropped=tuple(f"{what}: {why}" for what, why in chosen.dropped.items()),
    )


def _wanted(backend: Backend, capabilities: Capabilities | None, *, may_call: bool = False) -> list[str]:
    """The parser arguments that a model with these capabilities needs and the backend has.

    `may_call`: where nobody says whether it calls tools, it is taken to, as others of its line do. A parser of tool
    calls does nothing where no tools are given; one of reasoning would take answers for reasoning.
    """
    if capabilities is None:
        return []
    calls = may_call if capabilities.tool_call is None else capabilities.tool_call
    needed = {"--tool-call-parser": calls, "--reasoning-parser": capabilities.reasoning}
    return [name for name in backend.runs.model_arguments if needed.get(name)]


def _of_its_kind(
    shape: Architecture | None, line: ChatFormat | None, backend: Backend
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The parsers of its family, then those of its line, each with what to call the source."""
    if shape is not None:
        family = {"--tool-call-parser": shape.family.tool_parser, "--reasoning-parser": shape.family.reasoning_parser}
        yield _FAMILIES, {name: named[backend.name] for name, named in family.items() if backend.name in named}
    if line is not None:
        yield f"the chat format of {line.line}", line.parsers


def _take_missing(
    named: Mapping[str, str],
    source: str,
    backend: Backend,
    version: str | None,
    wanted: Sequence[str],
    parsers: Parsers,
    chosen: _Chosen,
) -> None:
    """The parsers that the model needs and no catalog named, as far as this version has them."""
    for name in wanted:
        value = named.get(name)
        if (
            value is not None
            and name not in chosen.values
            and parsers.knows(backend.name, _PARSERS[name], value, version)
        ):
            chosen.take(name, value, source)


def _rank(spec: Spec, repo_id: str) -> tuple[int, bool]:
    place = _SOURCES.index(spec.source) if spec.source in _SOURCES else len(_SOURCES)
    return place, not _same(spec, repo_id)


def _same(spec: Spec, repo_id: str) -> bool:
    return (spec.repo_id or "").lower() == repo_id.lower()


def _read(spec: Spec, chosen: _Chosen) -> Iterable[Argument]:
    try:
        return read_arguments(spec.parameters)
    except Usage as error:
        chosen.dropped.setdefault(f"an argument of {spec.source}", error.message)
        return ()


def _weigh(
    argument: Argument,
    source: str,
    backend: Backend,
    version: str | None,
    task: Task,
    parsers: Parsers,
    chosen: _Chosen,
    *,
    own: bool,
) -> None:
    value = argument.values[0] if len(argument.values) == 1 else ""
    dotted = "." in argument.words[0].partition("=")[0]  # part of a nested setting, not the argument itself
    shown = f"{argument.shown} ({source})"
    if argument.name in _PARSERS and argument.name in backend.runs.model_arguments and not dotted:
        if parsers.knows(backend.name, _PARSERS[argument.name], value, version):
            chosen.take(argument.name, value, source)
        else:
            chosen.dropped.setdefault(shown, f"{backend.title} {version or ''} has no such parser".replace("  ", " "))
    elif not dotted and backend.runs.may_be_said(argument.name, value, task):
        if own:
            chosen.take(argument.name, value, source)
        elif value != _DEFAULT:
            chosen.dropped.setdefault(shown, "it is for files in another form")
    elif argument.name not in backend.runs.implied_arguments:
        chosen.dropped.setdefault(shown, why_refused(argument.name, backend.title))


def _reasons(
    chosen: _Chosen,
    backend: Backend,
    task: Task,
    capabilities: Capabilities | None,
    refused: Mapping[str, str],
) -> Iterable[str]:
    named = ", ".join(
        f"{name.removeprefix('--')} {value}" for name, value in chosen.values.items() if value != _DEFAULT
    )
    if named:
        yield f"model: {named}, from {' and '.join(chosen.sources)}"
    if task not in _TALKING:
        return
    for name in _wanted(backend, capabilities):
        if name not in chosen.values:
            known = f"no source names its {_PARSERS[name]} parser for {backend.title}, so none is set"
            if name in refused:
                known = f"{refused[name]}, so no {_PARSERS[name]} parser is set"
            given = " ".join(f"--backend-arg={word}" for word in (f"{name}=NAME", *_switches(backend, name)))
            yield f"model: {known}: {_LOST[name]}; if you know it: {given}"


def _switches(backend: Backend, name: str) -> Iterable[str]:
    """What a backend wants beside a parser of tool calls, and sets by itself with one of ours."""
    return sorted(backend.runs.implied_arguments) if name == "--tool-call-parser" else ()
