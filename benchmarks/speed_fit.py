"""Fit the constants of `catalogs/speeds.csv` to published runs: `python -m benchmarks.speed_fit FILE.csv [--write]`.

The file has the rows of `benchmarks.speed_accuracy`, planned as there. Only rows of the table that say that they are
fitted are; `--write` puts their values, and how many figures use each, into the table. The loss of a figure is the
square of the logarithm of estimate over measurement, linear beyond a quarter; figures of one source, GPU and model
share the weight of their root, and one request alone weighs in all as much as several at once. Each constant is drawn
towards the mean of its name (`--shrink`). What that is worth is shown by leaving out an eighth at a time: of all runs,
as new ones of known models on known GPUs would come; and of all families on a GPU, as of a new model. It descends by
one constant at a time, without chance: the same file gives the same table.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import statistics
import zlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.asking import ACCEPTED, Program, program
from benchmarks.ratios import distance, quantile
from benchmarks.speed_accuracy import Rated, options_of, rate
from modelscan.dataclasses import dataclass, field, replace
from modelscan.hardware.described import describe_hardware
from modelscan.model import Candidate, Gpu, WeightsDescription
from modelscan.planning.options.eligibility import have_nvlink
from modelscan.planning.options.facts import KernelSupport, PlanningFacts
from modelscan.planning.options.speed_constants import SpeedConstant, SpeedTable
from modelscan.planning.speed.processor import processor_of
from modelscan.planning.speed.step import Step
from modelscan.planning.speed.work import decode_step
from modelscan.selecting.context import Context
from modelscan.selecting.evidence import planning_facts
from modelscan.selecting.resolve import resolve_model
from modelscan.settings.reading import load_settings
from modelscan.storage.documents import from_document

FILE = Path(__file__).resolve().parents[1] / "catalogs" / "speeds.csv"
_FITTED = "fitted to published runs"
_DEEP, _MANY = 4096, 64
_SOFT = 0.25
_PARTS = 8
_STEPS = (0.25, 0.1, 0.04, 0.016)  # in logarithms, the largest first
_TIMES = {"bandwidth_reached": "bandwidth", "compute_reached": "speed", "joined_bytes": "joined_bytes"}
_ADDED = ("experts_layer", "layer", "latent_layer", "join", "step")
_GIVEN = ("exposed", "prompts", "request", "lone_cache")
_ALL = frozenset({*_TIMES, *_ADDED, *_GIVEN})
_SHARES = frozenset({"bandwidth_reached", "compute_reached", "exposed"})  # of which nothing is more than all


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure with all that its estimate is made of but the constants; `parts` are where it is left out."""

    kind: str
    measured: float
    planned: int
    group: tuple[str, ...]
    parts: Mapping[str, int]
    weights: WeightsDescription
    candidate: Candidate
    gpus: tuple[Gpu, ...]
    kernel: KernelSupport | None
    bridged: bool


@dataclass(frozen=True)
class Probe:
    """A table that gives what it is told, and remembers the row of the real one that each name stands for."""

    rows: tuple[SpeedConstant, ...]
    told: dict[str, float] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)

    def of(self, name: str, target: str, kernel: Collection[str] = ()) -> float:
        place = next(place for place, row in enumerate(self.rows) if row.name == name and row.holds(target, kernel))
        self.read[name] = place
        return self.told.get(name, self.rows[place].value)


def figures(rows: Sequence[dict[str, str]], facts: PlanningFacts) -> Iterator[Figure]:
    """The figures that the goals look at, of formats that are known offline."""
    with program() as asked:
        context = Context(settings=load_settings(environ=dict(os.environ) | {"MODELSCAN_OFFLINE": "1"}))
        for row in rows:
            rated, _ = rate(row, asked, ())
            for item in rated:
                near = item.depth <= _DEEP and item.concurrency <= _MANY
                if item.kind in {"alone", "concurrent"} and near and not item.told:
                    yield figure(item, asked, context, facts)


def figure(item: Rated, asked: Program, context: Context, facts: PlanningFacts) -> Figure:
    row, options = item.row, list(options_of(item.row, asked.folder))
    answer, _ = asked.plan(row["plan_model"], row["plan_quant"] or None, *options)
    assert answer.status == ACCEPTED and answer.chosen is not None  # noqa: S101, PT018  it was rated
    candidate: Candidate = from_document(Candidate, dict(answer.chosen))
    there = resolve_model(context, row["plan_model"]).options
    weights = next(one for one in there if one.repo_id == candidate.repo_id)
    machine = describe_hardware(options[1], facts.gpus)
    devices = {gpu.index: gpu for gpu in machine.devices}
    split = candidate.tensor_parallel * candidate.pipeline_parallel
    gpus = tuple(devices[index] for index in candidate.gpu_indices[:split])
    device = "rocm" if gpus and gpus[0].vendor == "amd" else "cuda" if gpus else "cpu"
    group = row["ref"], row["gpu"], row["plan_model"]
    return Figure(
        kind=item.kind,
        measured=item.measured,
        planned=item.planned,
        group=group,
        parts={
            "runs left out": zlib.crc32(row["id"].encode()) % _PARTS,
            "families left out": zlib.crc32(f"{row['family']} on {row['gpu']}".encode()) % _PARTS,
        },
        weights=weights,
        candidate=candidate,
        gpus=gpus,
        kernel=facts.kernel(candidate.backend, device, candidate.quantization or ""),  # type: ignore[arg-type]
        bridged=have_nvlink(gpus, machine.links),
    )


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A figure's step with 1 for what multiplies and 0 for what is added; how much of each is added; the rows used."""

    step: Step
    added: dict[str, float]
    rows: dict[str, int]


class Fit:
    """The figures under values that change, each step taken apart once."""

    def __init__(self, found: Sequence[Figure], facts: PlanningFacts, rows: Sequence[SpeedConstant]) -> None:
        self.figures, self.rows = found, tuple(rows)
        self.values = [row.value for row in rows]
        self._parts = [self._taken_apart(item, facts) for item in found]
        self.uses: dict[int, list[int]] = defaultdict(list)
        for place, parts in enumerate(self._parts):
            for row in parts.rows.values():
                self.uses[row].append(place)

    def _taken_apart(self, item: Figure, facts: PlanningFacts) -> Parts:
        shape, probe = item.weights.architecture, Probe(self.rows)
        # A processor asks its table for constants and for nothing else.
        told: PlanningFacts = replace(facts, speeds=probe)  # type: ignore[arg-type]
        processor = processor_of(item.candidate, item.gpus, item.kernel, told, bridged=item.bridged)
        assert processor is not None and shape is not None  # noqa: S101, PT018  it was estimated
        length = item.candidate.max_model_len or 0
        probe.read.clear()

        def step(**told: float) -> Step:
            probe.told.clear()
            probe.told.update(dict.fromkeys(_TIMES, 1.0) | dict.fromkeys(_ADDED, 0.0) | told)
            return decode_step(item.weights, shape, item.candidate, processor, length)

        added = {name: step(**{name: 1.0}).constant for name in _ADDED}
        return Parts(step=step(), added=added, rows={name: row for name, row in probe.read.items() if name in _ALL})

    def ratio(self, place: int) -> float:
        """As `planning/speed/estimate.py` has it, of the one figure alone."""
        item, parts, values = self.figures[place], self._parts[place], self.values
        now = {name: values[row] for name, row in parts.rows.items()}
        changed = {part: getattr(parts.step, part) * now[name] for name, part in _TIMES.items() if name in now}
        changed |= {name: now[name] for name in _GIVEN}
        constant = sum(amount * now[name] for name, amount in parts.added.items() if amount)
        step = replace(parts.step, constant=constant, **changed)
        stages = item.candidate.pipeline_parallel
        if item.kind == "alone":
            return 1 / (stages * step.alone()) / item.measured
        requests = item.planned / item.candidate.data_parallel
        share = max(requests / stages, 1)
        return share / step.seconds(share) / requests / item.measured

    def forget(self, fitted: Sequence[int]) -> None:
        """Gives all rows of a name their geometric mean: what stands in the table has seen every figure."""
        names: dict[str, list[int]] = defaultdict(list)
        for row in fitted:
            names[self.rows[row].name].append(row)
        for rows in names.values():
            mean = math.exp(statistics.fmean(math.log(self.values[row]) for row in rows))
            for row in rows:
                self.values[row] = mean

    def descend(self, fitted: Sequence[int], places: Collection[int], shrink: float) -> None:
        """Lowers the loss of these figures by the rows that are fitted, one at a time, in ever smaller steps."""
        weight, chosen = weigh([self.figures[place] for place in places]), set(places)
        of_place = dict(zip(places, weight, strict=True))
        names: dict[str, list[int]] = defaultdict(list)
        for row in fitted:
            names[self.rows[row].name].append(row)

        def cost(row: int) -> float:
            same = [math.log(self.values[other]) for other in names[self.rows[row].name]]
            middle = statistics.fmean(same)
            drawn = shrink * sum((one - middle) ** 2 for one in same)
            return drawn + sum(of_place[place] * loss(self.ratio(place)) for place in self.uses[row] if place in chosen)

        for step in _STEPS:
            moved = True
            rounds = 0
            while moved and rounds < 6:  # noqa: PLR2004  what is left then is a plain
                moved, rounds = False, rounds + 1
                for row in fitted:
                    moved |= self._walk(row, step, cost(row), cost)

    def _walk(self, row: int, step: float, least: float, cost: object) -> bool:
        moved = False
        for way in (step, -step):
            while True:
                before = self.values[row]
                after = before * math.exp(way)
                if self.rows[row].name in _SHARES and after > 1:
                    break
                self.values[row] = after
                now = cost(row)  # type: ignore[operator]
                if now >= least - 1e-9:
                    self.values[row] = before
                    break
                least, moved = now, True
            if moved:
                break
        return moved


def loss(ratio: float) -> float:
    away = abs(math.log(ratio))
    return away**2 if away <= _SOFT else _SOFT * (2 * away - _SOFT)


def weigh(found: Sequence[Figure]) -> list[float]:
    """Of each figure; both kinds weigh the same in all."""
    many = Counter((item.kind, item.group) for item in found)
    plain = [many[item.kind, item.group] ** -0.5 for item in found]
    total: dict[str, float] = defaultdict(float)
    for item, weight in zip(found, plain, strict=True):
        total[item.kind] += weight
    return [100 * weight / total[item.kind] for item, weight in zip(found, plain, strict=True)]


def show(title: str, found: Sequence[Figure], ratios: Sequence[float]) -> None:
    for kind in ("alone", "concurrent"):
        mine = [ratio for item, ratio in zip(found, ratios, strict=True) if item.kind == kind]
        away = [distance(ratio) for ratio in mine]
        print(
            f"| {title} | {kind} | {len(mine)} | {statistics.median(mine):.2f} | {statistics.median(away):.2f} | "
            f"{quantile(away, 0.9):.2f} |"
        )


def read_table() -> tuple[list[dict[str, str]], list[SpeedConstant]]:
    """The rows of the file, and the same as constants, in its order."""
    lines = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))
    constants: list[SpeedConstant] = []
    for line in lines:
        text = ",".join(line) + "\n" + ",".join(f'"{value}"' for value in line.values())
        constants += next(iter(SpeedTable.parse(text).rows.values()))
    return lines, constants


def write(lines: Sequence[dict[str, str]], constants: Sequence[SpeedConstant], fit: Fit, fitted: Sequence[int]) -> None:
    for place in fitted:
        line, value = lines[place], fit.values[place]
        unit = float(line["value"]) / constants[place].value if constants[place].value else 1.0
        line["value"] = f"{value * unit:.3g}" if value * unit >= 1 else f"{value * unit:.2f}"
        line["runs"] = str(len(fit.uses[place]))
    with FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="rows of what people measured, as CSV")
    parser.add_argument("--shrink", type=float, default=1.0, help="how strongly constants of one name are alike")
    parser.add_argument("--write", action="store_true", help="write the table")
    options = parser.parse_args()
    with options.file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    facts = planning_facts()
    lines, constants = read_table()
    found = list(figures(rows, facts))
    fitted = [
        place for place, line in enumerate(lines) if line["source"].startswith(_FITTED) and constants[place].value
    ]
    print("| fit | requests | figures | median | median from 1 | 90th percentile from 1 |\n|---|---|---|---|---|---|")
    everything = range(len(found))
    fit = Fit(found, facts, constants)
    show("as it stands", found, [fit.ratio(place) for place in everything])
    for name in found[0].parts:
        left: dict[int, float] = {}
        for part in range(_PARTS):
            other = Fit(found, facts, constants)
            other.forget(fitted)
            other.descend(fitted, [place for place in everything if found[place].parts[name] != part], options.shrink)
            left |= {place: other.ratio(place) for place in everything if found[place].parts[name] == part}
        show(name, found, [left[place] for place in everything])
    fit.forget(fitted)
    fit.descend(fitted, list(everything), options.shrink)
    show("fitted to all", found, [fit.ratio(place) for place in everything])
    if options.write:
        write(lines, constants, fit, fitted)


if __name__ == "__main__":
    main()
