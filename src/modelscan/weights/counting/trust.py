"""Which families have a verified structure. Others are summed as a plain decoder and trusted less."""

from __future__ import annotations

from modelscan.model import Architecture


def is_known(shape: Architecture) -> bool:
    """Whether this family's parameter sums were compared with built models. A shape without a model type counts too."""
    return shape.model_type is None or shape.family.counted
