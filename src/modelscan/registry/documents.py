"""What is stated of a model as the document that a seed holds: the inverse of reading an entry (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.units import GIB, MIB

_UNITS = ((GIB, "GiB"), (10**9, "GB"), (MIB, "MiB"), (10**6, "MB"))
_REPO_KEYS = {"local_path": "local_path", "huggingface": "hf_repo_id", "modelscope": "model_scope_model_id"}
# In the order in which people write them; what is not here follows.
_ORDER = ("name", "type", "runtime", "memory", "context_length", "description", "enabled", "auto_pull", "prewarm")


def document_of(model_id: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """The document of an entry; read again it states the same."""
    found = dict(_keys(stated))
    return {
        "id": model_id,
        **{key: found[key] for key in _ORDER if key in found},
        **{key: value for key, value in sorted(found.items()) if key not in _ORDER},
    }


def _keys(stated: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in stated.items():
        if name == "memory_bytes":
            yield "memory", _size(value)
        elif name == "repos":
            yield from ((_REPO_KEYS[source], repo) for source, repo in value.items())
        elif name == "upstream":
            yield from ((f"upstream_{part}", text) for part, text in value.items())
        elif name == "extra":
            yield from value.items()
        elif name == "runtime_args":
            yield name, list(value)
        else:
            yield name, value


def _size(count: int) -> int | str:
    for unit, name in _UNITS:
        if count % unit == 0:
            return f"{count // unit}{name}"
    return count
