"""What speculation that the user asks for adds: layers that draft, their cache, and the tokens that they draft.

A plan does not choose it: it counts what `--backend-arg` asks for.
"""

from __future__ import annotations

from modelscan.model import Architecture
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes
from modelscan.weights.counting.drafting import drafting_bytes, drafting_layers, with_drafting
from modelscan.weights.counting.sizes import Sized


def drafted(setting: Setting, shape: Architecture | None) -> int:
    """Tokens for each request in a step; 0 without speculation. By default one for each layer that drafts."""
    asked = setting.speculation
    if asked is None:
        return 0
    return asked.tokens or (drafting_layers(shape) if shape is not None else 1)


def as_run(setting: Setting, shape: Architecture | None) -> Architecture | None:
    """The shape with the layers that draft, where they are run."""
    asked = setting.speculation
    return with_drafting(shape) if shape is not None and asked is not None and asked.own_layers else shape


def drafting_on(setting: Setting, choice: Choice, layout: Layout) -> Sized:
    """What each device holds of the layers that draft."""
    asked = setting.speculation
    if asked is None or not asked.own_layers:
        return Sized(0, 0, 0)
    return drafting_bytes(
        choice.weights,
        choice.quantization,
        at_load=choice.at_load is not None,
        tensor_parallel=layout.tensor_parallel,
        pipeline_parallel=layout.pipeline_parallel,
        experts_over=layout.experts_over,
    )


def drafting_reason(setting: Setting, choice: Choice, layout: Layout) -> tuple[str, ...]:
    asked, shape = setting.speculation, choice.weights.architecture
    if asked is None:
        return ()
    tokens = drafted(setting, shape)
    how = f"{asked.method}, {tokens} token{'s' if tokens > 1 else ''} a step, as asked"
    if asked.own_layers:
        size = drafting_on(setting, choice, layout).estimate
        how += f"; the layers that draft take {format_bytes(size)} of each device and a KV cache of their own"
        if shape is not None and "speculative_layers" not in shape.sizes:
            how += f"; the model's config names no such layers, and {setting.backend} may refuse to start"
    return (f"speculation: {how}; the estimated speeds are without it",)
