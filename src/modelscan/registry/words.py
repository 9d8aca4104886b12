"""The words of entries that others use too: types, handlers, runtimes; the tables are `catalogs/handlers.csv` and
`catalogs/runtimes.csv`.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from typing import NamedTuple, get_args

from modelscan.backends.registry import BACKENDS
from modelscan.model import Task
from modelscan.model.registered import ModelType
from modelscan.storage.shipped import shipped_text

TASKS: Mapping[ModelType, Task] = {
    "chat": "chat",
    "embed": "embed",
    "rerank": "rerank",
    "vision": "chat",
    "speech": "speech-to-text",
    "image": "text-to-image",
}
TYPES: tuple[ModelType, ...] = get_args(ModelType)
_TYPES_OF_TASKS: Mapping[str, ModelType] = {
    "chat": "chat",
    "completion": "chat",
    "embed": "embed",
    "rerank": "rerank",
    "speech-to-text": "speech",
    "text-to-image": "image",
}
UPSTREAM = "upstream"
ELSEWHERE = frozenset({UPSTREAM, "ollama"})
"""Runtimes of models that the gateway hands requests on for: nothing of them is deployed."""
_OWN = "*"  # in the table of classes


class Handler(NamedTuple):
    """What a well-known class is for: a type, and the runtime where it is no backend that the plan may choose. One
    that is not `known` is a user's own.
    """

    type: ModelType | None
    runtime: str | None
    known: bool = True


class Runtime(NamedTuple):
    """`backend` is the one of the registry that it is, None where that is not built; `what` is said of it then."""

    word: str
    backend: str | None
    type: ModelType | None
    what: str


def type_of(word: str) -> ModelType | None:
    """Our type by its own word, or by that of a task."""
    return next((item for item in TYPES if item == word), None) or _TYPES_OF_TASKS.get(word)


@functools.cache
def handlers() -> Mapping[str, Handler]:
    """By the last part of the dotted path."""
    rows = csv.DictReader(shipped_text("handlers.csv").splitlines())
    return {row["class"]: Handler(type_of(row["type"]), row["runtime"] or None, row["class"] != _OWN) for row in rows}


def handler_of(path: str) -> Handler:
    """The well-known class of a dotted path, else what holds for a user's own."""
    return handlers().get(path.rpartition(".")[2]) or handlers()[_OWN]


@functools.cache
def runtimes() -> Mapping[str, Runtime]:
    """Every word that an entry may say, those of the backends first."""
    found = {
        word: Runtime(word, backend.name, None, backend.title)
        for backend in BACKENDS.values()
        for word in (backend.name, *sorted(backend.about.seeds))
    }
    for row in csv.DictReader(shipped_text("runtimes.csv").splitlines()):
        meant = row["means"] or row["word"]
        there = next((item.backend for item in found.values() if item.word == meant), None)
        found.setdefault(row["word"], Runtime(row["word"], there, type_of(row["type"]), row["what"]))
    return found
