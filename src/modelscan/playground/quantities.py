"""Kubernetes' quantities, and which bounds of a plan they are. Pure."""

from __future__ import annotations

import math
import re
from fractions import Fraction

# apimachinery's pkg/api/resource/quantity.go: a number, then a suffix of 1000s or of 1024s. Of its spellings those
# that people write; signs and `1e3` are not among them.
QUANTITY_PATTERN = r"[0-9]{1,12}(?:\.[0-9]{1,9})?(?:m|[kMGTP]|[KMGTP]i)?"
_QUANTITY = re.compile(rf"(?P<number>[0-9.]+)(?P<suffix>{'|'.join(('m', *'kMGTP', *(f'{u}i' for u in 'KMGTP')))})?")
_FACTORS = {"": Fraction(1), "m": Fraction(1, 1000)}
_FACTORS |= {name: Fraction(1000) ** (power + 1) for power, name in enumerate("kMGTP")}
_FACTORS |= {f"{name}i": Fraction(1024) ** (power + 1) for power, name in enumerate("KMGTP")}


def amount(quantity: str) -> Fraction:
    """What a quantity says, exactly. Raises ValueError for what `QUANTITY_PATTERN` does not match."""
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        raise ValueError(f"`{quantity}` is no quantity")
    return Fraction(found["number"]) * _FACTORS[found["suffix"] or ""]


def cores(quantity: str) -> int | None:
    """Whole processors for that much: a part of one is one. None without a bound, which 0 is too, as in Kubernetes."""
    return math.ceil(amount(quantity)) or None if quantity else None


def size_bytes(quantity: str) -> int | None:
    """None without a bound."""
    return math.floor(amount(quantity)) if quantity else None


def gpu_count(quantity: str) -> int | None:
    """None without a bound. A part of a GPU cannot be asked for, as in Kubernetes: raises ValueError."""
    if not quantity:
        return None
    found = amount(quantity)
    if found.denominator != 1:
        raise ValueError(f"`{quantity}` is no whole number of GPUs")
    return int(found)


def plan_options(*, memory: str, gpu: str) -> tuple[str, ...]:
    """The options of `deploy` for these bounds. A pod's memory is the host's, with GPUs or without."""
    count, most = gpu_count(gpu), size_bytes(memory)
    options: list[str] = []
    if count is not None:
        options += ["--gpus", str(count)] if count else ["--gpu", "none"]
    if most:
        options += ["--max-host-memory", str(most)]
    return tuple(options)
