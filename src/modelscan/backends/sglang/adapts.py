"""SGLang: adapters, which a request names behind the model (`model:adapter`).

Sources: sglang 0.5.23, and run on a CPU without the pinned memory that srt/lora/layers.py wants of a GPU: both names
are heard, and by its own name alone an adapter is answered by the model without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.backends.base import AdapterRoom
from modelscan.backends.capabilities import Adapts
from modelscan.model import Adapter, Architecture, Task

_GENERATING: frozenset[Task] = frozenset({"chat", "completion"})
# srt/utils/common.py, SUPPORTED_LORA_TARGET_MODULES: those of them that adapters have in PEFT's words.
_MODULES = frozenset(
    {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "qkv_proj", "gate_up_proj"}
    | {"q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj"}
)


class SglangAdapts(Adapts):
    needs_gpu = True

    def problem(self, adapters: Sequence[Adapter], task: Task, shape: Architecture | None) -> str | None:  # noqa: ARG002  it has one way for all models
        if task not in _GENERATING:
            return f"serves adapters of models that generate text, not of those for {task}"
        for item in adapters:
            if item.beyond:  # srt/lora/lora_manager.py, validate_new_adapter
                return f"serves plain LoRA only, and `{item.name}` has {', '.join(item.beyond)}"
            if unknown := [name for name in item.modules if name not in _MODULES]:
                return f"knows no adapters of {', '.join(unknown)}, which `{item.name}` changes"
        return None

    def room(self, adapters: Sequence[Adapter]) -> AdapterRoom:
        """A pool for what some of them change (srt/lora/mem_pool.py, init_buffers)."""
        modules = frozenset(name for item in adapters for name in item.modules)
        return AdapterRoom(rank=max(item.rank for item in adapters), places=_places(adapters), modules=modules)

    def asks_for(self, name: str, number: int, model: str) -> Mapping[str, Any]:  # noqa: ARG002  by name
        return {"model": f"{model}:{name}"}


def _places(adapters: Sequence[Adapter]) -> int:
    """With one for requests that ask for none."""
    return len(adapters) + 1


def adapter_words(adapters: Sequence[Adapter], found: Mapping[str, str]) -> list[str]:
    if not adapters:
        return []
    listed = [f"{item.name}={found.get(item.name, item.repo_id)}" for item in adapters]
    return ["--enable-lora", "--max-loras-per-batch", str(_places(adapters)), "--lora-paths", *listed]


ADAPTS = SglangAdapts()
