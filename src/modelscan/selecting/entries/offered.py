"""What a server that runs somewhere has: as the entries that would lead the gateway to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import SourceUnavailable
from modelscan.model.registered import ModelType
from modelscan.parsing.text import clean
from modelscan.registry.words import UPSTREAM
from modelscan.routing.ollama import OLLAMA, is_cloud, normal_tag, not_there
from modelscan.system.streaming import get_json

_MOST = 2_000
_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedModel:
    """One model of a server. `model` is its name there.

    `size_bytes`, that of its files, and `type` are known where the server says them.
    """

    model: str
    base_url: str
    runtime: str = UPSTREAM
    type: ModelType | None = None
    context_length: int | None = None
    quantization: str | None = None
    size_bytes: int | None = None

    def entry(self) -> dict[str, Any]:
        """The keys of an entry for it."""
        found = {
            "runtime": self.runtime,
            "type": self.type,
            "context_length": self.context_length,
            "upstream_base_url": self.base_url,
            "upstream_model": self.model,
        }
        return {name: value for name, value in found.items() if value is not None}


def offered_at(base_url: str, key: str | None, *, timeout: float = 10.0) -> tuple[OfferedModel, ...]:
    """What a server of the OpenAI API says it has, within `timeout` seconds a pause.

    Raises SourceUnavailable, Unauthorized.
    """
    document = get_json(f"{base_url}/models", key=key, timeout=timeout)
    listed = document.get("data") if isinstance(document, Mapping) else document
    if not isinstance(listed, list):
        raise SourceUnavailable(f"`{base_url}/models` is no list of models", details={"address": base_url})
    return tuple(
        OfferedModel(
            model=name,
            base_url=base_url,
            context_length=_count(item.get("max_model_len") or item.get("context_length")),
        )
        for name, item in _named(listed, "id")
    )


def offered_by_ollama(address: str) -> tuple[OfferedModel, ...]:
    """What Ollama has on this machine; nothing that it hands on to its cloud. Raises SourceUnavailable."""
    try:
        document = get_json(f"{address}/api/tags")
    except SourceUnavailable as error:
        raise not_there(address, error) from error
    listed = document.get("models") if isinstance(document, Mapping) else None
    return tuple(
        _ollama(normal_tag(name), item, f"{address}/v1")
        for name, item in _named(listed if isinstance(listed, list) else [], "name")
        if not is_cloud(name, item)
    )


def _ollama(tag: str, item: Mapping[str, Any], base_url: str) -> OfferedModel:
    found = item.get("details")
    details: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    can = item.get("capabilities")
    said = can if isinstance(can, list) else []
    kind: ModelType = "embed" if "embedding" in said else "vision" if "vision" in said else "chat"
    level = details.get("quantization_level")
    return OfferedModel(
        model=tag,
        base_url=base_url,
        runtime=OLLAMA,
        type=kind if said else None,
        context_length=_count(details.get("context_length")),
        quantization=clean(level)[:_LONGEST] if isinstance(level, str) and level else None,
        size_bytes=_count(item.get("size")),
    )


def _named(listed: list[Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in listed[:_MOST]:
        name = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(name, str) and 0 < len(name) <= _LONGEST and clean(name) == name:
            yield name, item


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
