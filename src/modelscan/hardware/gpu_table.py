"""Facts about GPUs by name, for described machines and for what no driver reports, such as bandwidth."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import cast

from modelscan.dataclasses import dataclass
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Vendor
from modelscan.parsing.regex import regex
from modelscan.units import GIB


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuFacts:
    """One row of `catalogs/gpus.csv` (columns and sources: `catalogs/gpus.md`). Figures are per device.

    `pattern` finds the GPU in the name that its driver prints; `reported_name` is an example of such a name.
    TFLOPS are dense; None where the GPU has no such units or the figure is unknown. `confidence` is A, B or C.
    `machines` are the GPU counts that machines are sold and rented with; a hint names one of them where nothing fits.
    """

    name: str
    pattern: str
    vendor: Vendor
    architecture: str
    compute_capability: str | None
    gfx_target: str | None
    memory_bytes: int
    usable_bytes: int
    devices: int
    bandwidth_gb_s: float | None
    bf16_tflops: float | None
    fp8_tflops: float | None
    fp4_tflops: float | None
    interconnect: str
    confidence: str
    reported_name: str
    aliases: tuple[str, ...]
    machines: tuple[int, ...]

    @property
    def integrated(self) -> bool:
        """Its memory is the host's."""
        return self.interconnect.startswith("integrated")


def parse_gpu_table(csv_text: str) -> tuple[GpuFacts, ...]:
    """The rows of `catalogs/gpus.csv`, in order. Raises KeyError or ValueError when the text is not that table."""
    return tuple(_facts(row) for row in csv.DictReader(csv_text.splitlines()))


def facts_for(reported_name: str, table: Iterable[GpuFacts]) -> GpuFacts | None:
    """The first row whose pattern is found in a name as a driver prints it."""
    return next((facts for facts in table if _compiled(facts.pattern).search(reported_name)), None)


@lru_cache(maxsize=1024)
def gpu_keys(facts: GpuFacts, *, together: bool = False) -> tuple[str, ...]:
    """How people name the GPU: its name, the driver's name and the aliases, as slugs, with and without the family's
    letters (`4090`); `together` removes the separators.
    """
    slugs = [slug(name) for name in (facts.name, facts.reported_name, *facts.aliases)]
    keys = dict.fromkeys([*slugs, *(_FAMILY.sub("", key) for key in slugs)])
    return tuple(dict.fromkeys(run_together(key) for key in keys) if together else keys)


def run_together(key: str) -> str:
    return key.replace("-", "")


_NOISE = regex(r"\((?:r|tm|c)\)|\b(?:nvidia|amd|intel|geforce|instinct|tesla|graphics)\b|[()\[\],]")
_FAMILY = regex(r"^(?:rtx|gtx|rx)-")
_FUSED = regex(r"^(rtx|gtx|rx)(?=\d)")


def slug(name: str) -> str:
    """`NVIDIA GeForce RTX 4090`, `RTX_4090` and `rtx4090` are all `rtx-4090`."""
    text = _NOISE.sub(" ", name.lower())
    return _FUSED.sub(r"\1-", "-".join(part for part in re.split(r"[\s_/\-]+", text) if part))


def known_names(table: Sequence[GpuFacts]) -> tuple[str, ...]:
    """One name for each GPU that `--hardware` accepts: the shortest that includes its family."""
    return tuple(min((slug(name) for name in (facts.name, *facts.aliases)), key=len) for facts in table)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _facts(row: dict[str, str]) -> GpuFacts:
    vendor, target = cast("Vendor", row["vendor"]), row["cc_or_gfx"]
    memory = round(float(row["memory_gib"]) * GIB)
    measured = row["usable_gib"]
    return GpuFacts(
        name=row["name"],
        pattern=row["name_regex"],
        vendor=vendor,
        architecture=row["architecture"],
        compute_capability=target if vendor == "nvidia" else None,
        gfx_target=target if vendor == "amd" else None,
        memory_bytes=memory,
        usable_bytes=round(float(measured) * GIB) if measured else usable_bytes(memory, vendor) or 0,
        devices=int(row["devices"]),
        bandwidth_gb_s=_number(row["bandwidth_gb_s"]),
        bf16_tflops=_number(row["bf16_dense_tflops"]),
        fp8_tflops=_number(row["fp8_dense_tflops"]),
        fp4_tflops=_number(row["fp4_dense_tflops"]),
        interconnect=row["interconnect_gb_s"],
        confidence=row["confidence"],
        reported_name=row["example_reported_name"],
        aliases=tuple(row["aliases"].split()),
        machines=tuple(int(count) for count in row["machines"].split()),
    )


def _number(text: str) -> float | None:
    return None if text in {"", "none"} else float(text)
