"""What several sources say of a model, laid over one another: the strongest that says something counts (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, get_args

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.model import HUB_SOURCES, Source
from modelscan.model.registered import Origin, RegisteredModel
from modelscan.registry.entry import PARTS
from modelscan.registry.words import UPSTREAM, runtimes
from modelscan.storage.documents import from_document

Strength = Literal["user", "local", "seed", "models.yaml"]
STRENGTHS: tuple[Strength, ...] = get_args(Strength)
"""The strongest first; the catalog comes after all of them."""

_ORIGINS: Mapping[Strength, Origin] = {"user": "user", "local": "file", "seed": "seed", "models.yaml": "file"}
_HUB = "huggingface"
_SOURCES: tuple[Source, ...] = ("local_path", *HUB_SOURCES)
"""Of several places of the same weights the first counts."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source states of a model. `place` says where a file's entry stands."""

    strength: Strength
    id: str
    stated: Mapping[str, Any]
    created_at: str | None = None
    updated_at: str | None = None
    place: str | None = None

    @property
    def repo(self) -> str | None:
        found = self.stated.get("repos", {}).get(_HUB)
        return found.casefold() if found else None


@dataclass(frozen=True)
class LayeredModel:
    """All that is said of a model, the strongest first; `key` is its id in lower case."""

    key: str
    layers: tuple[Layer, ...]

    @cached_property
    def model(self) -> RegisteredModel:
        """What they make together: computed when it is asked for, as a plan asks for one of them."""
        return effective(self.key, self.layers)

    @property
    def said_here(self) -> RegisteredModel | None:
        """What users, files and seeds make of it; our own list may say something else with any release."""
        ours: Strength = "models.yaml"
        layers = [item for item in self.layers if item.strength != ours]
        return effective(self.key, layers) if layers else None

    def layer(self, strength: Strength) -> Layer | None:
        return next((item for item in self.layers if item.strength == strength), None)


def grouped(layers: Iterable[Layer]) -> dict[str, list[Layer]]:
    """The layers of each model by its id in lower case, the strongest first.

    The user's file means a model by its id or, where no other has that, by its repo on Hugging Face.
    """
    ordered = sorted(layers, key=lambda item: STRENGTHS.index(item.strength))
    found: dict[str, list[Layer]] = {}
    repos: dict[str, str] = {}
    for layer in ordered:
        if layer.strength != "local":
            key = layer.id.casefold()
            found.setdefault(key, []).append(layer)
            if layer.repo is not None:
                repos.setdefault(layer.repo, key)
    for layer in (item for item in ordered if item.strength == "local"):
        key = layer.id.casefold()
        if key not in found and layer.repo is not None:
            key = layer.repo if layer.repo in found else repos.get(layer.repo, key)
        found.setdefault(key, []).append(layer)
    for items in found.values():
        items.sort(key=lambda item: STRENGTHS.index(item.strength))
    return found


def stated_by(layers: Sequence[Layer]) -> dict[str, Any]:
    """What they state together: of each field, and of each key of a field of several, what the strongest says."""
    stated: dict[str, Any] = {}
    for layer in reversed(layers):
        for name, value in layer.stated.items():
            stated[name] = {**stated.get(name, {}), **value} if name in PARTS else value
    return stated


def _owner(backend: str | None) -> str:
    return BACKENDS[backend].about.owned_by if backend is not None else "local"


def effective(key: str, layers: Sequence[Layer]) -> RegisteredModel:
    """The model of layers that belong together, the strongest first; `key` is its id in lower case."""
    stated = stated_by(layers)
    strengths = [layer.strength for layer in layers]
    made_by: Strength = next((item for item in strengths if item != "user"), "user")
    spelled = next((layer.id for layer in layers if layer.id.casefold() == key), key)
    stated.setdefault("name", spelled)
    runtime = runtimes().get(stated.get("runtime", ""))
    if "owned_by" not in stated and runtime is not None:
        stated["owned_by"] = "openai" if runtime.word == UPSTREAM else _owner(runtime.backend)
    return from_document(
        RegisteredModel,
        {
            **stated,
            "id": spelled,
            "source": next((source for source in _SOURCES if source in stated.get("repos", {})), None),
            "origin": _ORIGINS[made_by],
            "system": made_by != "user",
            "user_modified": "user" in strengths,
            "built_in": strengths == ["models.yaml"],
            "created_at": min(filter(None, (layer.created_at for layer in layers)), default=None),
            "updated_at": max(filter(None, (layer.updated_at for layer in layers)), default=None),
        },
    )
