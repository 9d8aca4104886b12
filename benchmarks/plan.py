"""How long a plan takes: in process, and end to end against the interpreter's start and two other estimators.

    python -m benchmarks.plan [--hf-mem PATH] [--llmfit PATH]

DeepSeek-R1 over eight GPUs: planned (8 x H200), and refused with every hint (8 x H100). End to end the commands are run
in turn (A B C A B C ...), each round gives one ratio, and the median counts. hf-mem reads the hub, so that only its
start is measured (`--help`); llmfit plans one GPU and a fixed table of sizes.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.open import open_index
from modelscan.catalog.index.search import search
from modelscan.hardware.described import describe_hardware
from modelscan.model import Model, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.selecting.context import Context
from modelscan.selecting.evidence import planning_facts
from modelscan.selecting.judge import PLANNED_FOR_EACH_SHOWN, judging
from modelscan.selecting.plan import plan_resolved
from modelscan.selecting.resolve import resolve_model
from modelscan.settings.reading import load_settings

MODEL, FITS, REFUSED = "deepseek/deepseek-r1", "8xh200-141gb", "8xh100-80gb"
LISTS, SHOWN = ("rtx-4090", "8xh100-80gb"), 20
MODELSCAN = [sys.executable, "-m", "modelscan", "--offline", "plan", MODEL, "--hardware"]


def milliseconds_in_process(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Of a core: the judge alone; with what the catalog and the tables say; and a refusal with all of its hints."""
    context = Context(settings=load_settings(environ={"MODELSCAN_HOME": str(folder), "MODELSCAN_OFFLINE": "1"}))
    facts, request = planning_facts(), PlanRequest(model=MODEL)
    resolved = resolve_model(context, MODEL)
    there, small = (describe_hardware(spec, facts.gpus) for spec in (FITS, REFUSED))
    tasks: dict[str, Callable[[], object]] = {
        f"the judge, {FITS}": lambda: make_plan(resolved.model, resolved.options, there, request, facts),
        f"name to plan, {FITS}": lambda: plan_resolved(
            context, resolve_model(context, MODEL), request, there, described=FITS
        ),
        f"name to refusal with hints, {REFUSED}": lambda: plan_resolved(
            context, resolve_model(context, MODEL), request, small, described=REFUSED
        ),
        **{f"the first {SHOWN} of a search that fit, {spec}": partial(first_that_fit, context, spec) for spec in LISTS},
    }
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            started = time.process_time()
            task()
            found[name].append((time.process_time() - started) * 1000)
    return found


def first_that_fit(context: Context, spec: str) -> list[Model]:
    """What `catalog search vision --fits` shows on such a machine."""
    index, judge = open_index(context.settings), judging(context, spec)
    hits = search(index, "vision", limit=SHOWN * PLANNED_FOR_EACH_SHOWN, filters=Filters())
    known = (model for hit in hits if (model := index.get(hit.id)))
    return list(itertools.islice((model for model in known if judge(model).feasible), SHOWN))


def seconds(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """By the clock, and of a processor: the second does not depend on what else the machine does."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    passed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--hf-mem", type=Path)
    parser.add_argument("--llmfit", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inside = milliseconds_in_process(Path(folder), options.rounds)
        commands = {
            "`python -c pass`": [sys.executable, "-c", "pass"],
            f"`modelscan plan`, {FITS}": [*MODELSCAN, FITS],
            f"`modelscan plan`, {REFUSED}, refused": [*MODELSCAN, REFUSED],
        }
        if options.hf_mem:
            commands["`hf-mem --help`"] = [str(options.hf_mem), "--help"]
        if options.llmfit:
            plan = ["--json", "plan", "deepseek-ai/DeepSeek-R1", "--context", "8192"]
            commands["`llmfit plan`"] = [str(options.llmfit), *plan]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MODELSCAN_", "PYTHON"))
        }
        environment["HOME"] = folder
        for command in commands.values():
            seconds(command, environment)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                times[name].append(seconds(command, environment))
    print(f"{options.rounds} rounds, medians\n\n| in process | ms of a core |\n|---|---|")
    for name, each in inside.items():
        print(f"| {name} | {statistics.median(each):.1f} |")
    print("\n| command | ms | ms of a core | against `python -c pass`, of a core |\n|---|---|---|---|")
    bare = times["`python -c pass`"]
    for name, own in times.items():
        ratio = statistics.median(mine[1] / other[1] for mine, other in zip(own, bare, strict=True))
        clock, core = (statistics.median(pair[which] for pair in own) * 1000 for which in (0, 1))
        print(f"| {name} | {clock:.0f} | {core:.0f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
