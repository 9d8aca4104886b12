"""Parameters of what connects a vision tower to the language model: one formula per design.

Source: transformers 5.19, the classes named *Merger, *Projector, *Adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.model.family import VisionJoint

_OUTPUT = 4096  # of an adapter without a configured size


@dataclass(frozen=True, slots=True)
class Joint:
    """Sizes between patches and tokens: widths of the tower, of `merged` patches, of the output, of the language model.

    `levels` counts the intermediate tower layers that are read in addition to the last.
    """

    sizes: Mapping[str, int]
    width: int
    merged: int
    out: int
    hidden: int
    levels: int


def _adapter(it: Joint) -> int:
    into, out = it.sizes.get("vision_joint_input", _OUTPUT), it.sizes.get("vision_joint_output", _OUTPUT)
    return 4 * it.width * into + out * (into + it.hidden)


FORMULAS: Mapping[VisionJoint, Callable[[Joint], int]] = {
    "projector": lambda it: (it.width + it.hidden) * it.hidden,
    "linear": lambda it: it.width * it.hidden,
    "linear-of-levels": lambda it: it.sizes.get("vision_joint_output", 6 * it.width) * it.hidden,
    "merged-linear": lambda it: it.merged * it.hidden,
    "merged-projector": lambda it: (it.merged + it.hidden) * it.hidden,
    "merge-then-project": lambda it: it.merged * it.width + (it.width + it.hidden) * it.hidden,
    "project-then-merge": lambda it: it.hidden * (it.width + (2 + it.merged // it.width) * it.hidden),
    "mergers": lambda it: (1 + it.levels) * it.merged * (it.merged + it.out),
    "gated-merger": lambda it: it.out * (it.out + 3 * it.sizes.get("vision_mlp", 0) + it.merged),
    "adapter": _adapter,
    "resampler": lambda it: (it.width + 5 * it.hidden) * it.hidden,
    "sized-projector": lambda it: it.sizes.get("joint_width", 0) * (it.merged + it.hidden),
    "gated-projector": lambda it: it.sizes.get("joint_width", 0) * (2 * it.merged + it.hidden) // 2,
}


def joint_parameters(shape: Architecture) -> int:
    """By the formula of the shape's family."""
    sizes, hidden, merge = shape.sizes, shape.hidden_size or 0, shape.vision.get("merge_kernel_size")
    side = merge[0] if isinstance(merge, list) and merge else sizes.get("vision_merge")
    side = side or sizes.get("patch_merge") or 2
    width = sizes.get("vision_width", 0)
    it = Joint(
        sizes=sizes,
        width=width,
        merged=side * side * width,
        out=sizes.get("vision_output", hidden),
        hidden=hidden,
        levels=len(shape.vision.get("deepstack_visual_indexes") or ()),
    )
    return FORMULAS[shape.family.vision_joint](it)
