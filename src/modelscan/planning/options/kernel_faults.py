"""What kernels of a version lack or need on a GPU: `catalogs/kernels.csv`, each row until the version that ends it.

`quant_support.csv` says which formats a version runs at all; these are the exceptions that people met.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

from packaging.version import Version

from modelscan.backends.arguments.history import release
from modelscan.dataclasses import dataclass, field
from modelscan.model import Architecture, Gpu

# refused: it does not run, or answers wrongly; weight-only: memory shrinks, computation does not speed up; set: with
# these arguments or variables it runs as it should; advice: what helps where it does not.
Effect = Literal["refused", "weight-only", "set", "advice"]
Part = Literal["", "experts", "dense", "hybrid", "vision", "sparse", "sparse-nope"]
"""`sparse-nope`: sparse attention without a rotary part."""


SPECULATION = "speculation"


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelFault:
    """One row. An empty set of GPUs or formats holds for none of that vendor, or for all formats."""

    id: str
    backend: str
    capabilities: frozenset[str]
    gfx: frozenset[str]
    formats: frozenset[str]
    part: Part
    family: str
    effect: Effect
    since: Version
    ended: Version | None
    words: tuple[str, ...]
    text: str
    source: str

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(word for word in self.words if word.startswith("--"))

    @property
    def variables(self) -> Mapping[str, str]:
        pairs = (word.partition("=") for word in self.words if not word.startswith("--"))
        return {name: value for name, _, value in pairs}

    @property
    def sentence(self) -> str:
        """With what to give, and whose word it is."""
        given = [f"--env {word}" if not word.startswith("--") else word for word in self.words]
        what = f": {' '.join(given)}" if given else ""
        return f"{self.text}{what} ({self.source})"

    def holds_for(self, version: str | None, gpu: Gpu, quantization: str, shape: Architecture | None) -> bool:
        """Whether it concerns this version on this GPU, and these weights. Without a version it is the newest."""
        here = gpu.gfx_target in self.gfx if gpu.vendor == "amd" else gpu.compute_capability in self.capabilities
        if not here or (self.formats and quantization not in self.formats):
            return False
        planned = release(version) if version is not None else None
        if planned is not None and planned < self.since:
            return False
        if self.ended is not None and (planned is None or planned >= self.ended):
            return False
        family = shape.family.name if shape is not None else ""
        return self.family in {"", family} and _is_of(shape, self.part)


@dataclass(frozen=True, slots=True)
class KernelFaults:
    """The rows by effect and backend."""

    rows: Mapping[tuple[str, str], tuple[KernelFault, ...]] = field(default_factory=dict)

    def of(
        self, effect: Effect, backend: str, version: str | None, gpu: Gpu | None, word: str, shape: Architecture | None
    ) -> Iterator[KernelFault]:
        """The rows with an effect; `word` is a quantization, `FP8 KV`, or `speculation` where it drafts. None of the
        CPU's.
        """
        if gpu is not None:
            rows = self.rows.get((effect, backend), ())
            yield from (row for row in rows if row.holds_for(version, gpu, word, shape))


def parse_kernel_faults(text: str) -> KernelFaults:
    """Raises KeyError or ValueError for a text that is not that table."""
    rows: dict[tuple[str, str], list[KernelFault]] = {}
    for fault in map(_fault, csv.DictReader(text.splitlines())):
        rows.setdefault((fault.effect, fault.backend), []).append(fault)
    return KernelFaults({which: tuple(each) for which, each in rows.items()})


def _fault(row: dict[str, str]) -> KernelFault:
    if row["effect"] not in get_args(Effect) or row["part"] not in get_args(Part):
        raise ValueError(f"{row['id']} has an unknown effect or part: {row['effect']}, {row['part']}")
    return KernelFault(
        id=row["id"],
        backend=row["backend"],
        capabilities=frozenset(row["capability"].split()),
        gfx=frozenset(row["gfx"].split()),
        formats=frozenset(_formats(row["format"].split())),
        part=row["part"],  # type: ignore[arg-type]
        family=row["family"],
        effect=row["effect"],  # type: ignore[arg-type]
        since=release(row["since"]),
        ended=release(row["ended"]) if row["ended"] else None,
        words=tuple(row["set"].split()),
        text=row["text"],
        source=row["source"],
    )


def _formats(words: Sequence[str]) -> Iterator[str]:
    """`FP8 KV` is one word of the tables."""
    for place, word in enumerate(words):
        if word != "KV":
            yield f"{word} KV" if words[place + 1 : place + 2] == ["KV"] else word


def _is_of(shape: Architecture | None, part: Part) -> bool:
    if not part or shape is None:
        return not part
    has: dict[Part, bool] = {
        "experts": bool(shape.num_experts),
        "dense": not shape.num_experts,
        "hybrid": "linear" in shape.layer_types,
        "vision": bool(shape.vision),
        "sparse": bool(shape.details.get("index_head_dim")),
        "sparse-nope": bool(shape.details.get("index_head_dim")) and shape.qk_rope_head_dim == 0,
    }
    return has[part]
