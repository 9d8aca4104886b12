"""`catalogs/speeds.csv`: what kernels reach and take, by GPU and kernel."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from itertools import groupby

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeedConstant:
    """One row. It holds for the `targets` (compute capabilities, gfx targets, `cpu`), or for all where there are
    none, and for work that has all of its words of `kernel`.
    """

    name: str
    targets: frozenset[str]
    kernel: frozenset[str]
    value: float

    def holds(self, target: str, kernel: Collection[str]) -> bool:
        return (not self.targets or target in self.targets) and self.kernel.issubset(kernel)


@dataclass(frozen=True, slots=True)
class SpeedTable:
    """The rows of each constant, the most specific first."""

    rows: Mapping[str, tuple[SpeedConstant, ...]]

    @classmethod
    def parse(cls, text: str) -> SpeedTable:
        """Raises KeyError or ValueError for a text that is not that table."""
        rows = [
            SpeedConstant(
                row["constant"],
                frozenset(row["targets"].split()),
                frozenset(row["kernel"].split()),
                float(row["value"]) * _UNITS[row["unit"]],
            )
            for row in csv.DictReader(text.splitlines())
        ]
        rows.sort(key=_name)  # within a constant the order of the file stays
        return cls({name: tuple(each) for name, each in groupby(rows, key=_name)})

    def of(self, name: str, target: str, kernel: Collection[str] = ()) -> float:
        """In seconds, bytes per second, or as a plain number. Raises KeyError for a constant without a row."""
        for row in self.rows[name]:
            if row.holds(target, kernel):
                return row.value
        raise KeyError(name)


def _name(row: SpeedConstant) -> str:
    return row.name


_UNITS = {"us": 1e-6, "GB/s": 1e9, "share": 1.0, "times": 1.0, "tokens": 1.0}
