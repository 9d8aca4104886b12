"""Whose structure is known. Others are summed as a plain decoder with what their config names, and trusted less."""

from __future__ import annotations

from modelscan.model import Architecture


def is_known(shape: Architecture) -> bool:
    """Whether sums of this family were compared with what is built; where none is named, none is in doubt."""
    return shape.model_type is None or shape.family.counted
