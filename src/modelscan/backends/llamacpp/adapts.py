"""llama.cpp: adapters in GGUF, which a request chooses by their number. Names: `llama-server --help` of b10434."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.backends.capabilities import Adapts
from modelscan.model import Adapter, Architecture, Task

_GENERATING: frozenset[Task] = frozenset({"chat", "completion"})


class LlamacppAdapts(Adapts):
    formats = frozenset({"gguf"})

    def problem(self, adapters: Sequence[Adapter], task: Task, shape: Architecture | None) -> str | None:  # noqa: ARG002  it has one way for all models
        if task not in _GENERATING:
            return f"serves adapters of models that generate text, not of those for {task}"
        split = next((item for item in adapters if "," in item.repo_id), None)
        return f"takes a comma in `{split.repo_id}` for the end of a file's name" if split is not None else None

    def room(self, adapters: Sequence[Adapter]) -> None:
        """Each matrix lies beside the one that it changes (src/llama-adapter.cpp)."""

    def asks_for(self, name: str, number: int, model: str) -> Mapping[str, Any]:  # noqa: ARG002  by number
        return {"lora": [{"id": number, "scale": 1.0}]}


def adapter_words(adapters: Sequence[Adapter], places: Mapping[str, str]) -> list[str]:
    """None of them is applied to a request that does not ask for it. No prompt is kept for the next request: that of an
    adapter was taken for one of the model alone, whose answer was then nonsense (seen with xllamacpp 2026.10.11549).
    """
    listed = [word for item in adapters for word in ("--lora", places.get(item.name, item.repo_id))]
    return [*listed, "--lora-init-without-apply", "--no-cache-prompt"] if listed else []


ADAPTS = LlamacppAdapts()
