"""The shipped model families, read once: every describer reads configs by them."""

from __future__ import annotations

from functools import cache

from modelscan.storage.shipped import shipped_text
from modelscan.weights.families.records import read_families
from modelscan.weights.families.table import Families


@cache
def shipped_families() -> Families:
    return read_families(shipped_text("families.toml"))
