"""`catalog search --fits`, `catalog info --fits` and `plan` are one judge: what fits in one fits in the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan

from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.open import open_index
from modelscan.hardware.described import describe_hardware
from modelscan.model import PlanRequest
from modelscan.selecting.context import Context
from modelscan.selecting.evidence import planning_facts
from modelscan.selecting.judge import judge_for
from modelscan.settings.reading import load_settings


@pytest.mark.parametrize("words", ["qwen3 8b", "llama", "bge"])
def test_what_a_search_shows_as_fitting_can_be_planned(modelscan: Modelscan, words: str) -> None:
    """On a described machine: the free memory of this one changes while others work on it."""
    there = ("--hardware", "cpu:64gb", "--json")
    shown = modelscan("--offline", "catalog", "search", *words.split(), "--fits", "--limit", "5", *there).json
    assert shown
    for model in shown:
        plan = modelscan("--offline", "plan", model["id"], *there)
        assert plan.status == 0, model["id"]
        for name in ("quantization", "backend", "max_model_len"):
            assert model["fits"][name] == plan.json["chosen"][name]


def test_info_judges_as_a_plan_does(modelscan: Modelscan) -> None:
    fits = modelscan("--offline", "catalog", "info", "demo", "--fits", "--json").json["fits"]
    chosen = modelscan("--offline", "plan", "demo", "--json").json["chosen"]
    assert (fits["quantization"], fits["backend"]) == (chosen["quantization"], chosen["backend"])


@pytest.mark.parametrize("share", [15, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("spec", ["rtx-4090", "8xh100-80gb", "mi300x", "rtx-3060", "t4"])
@pytest.mark.slow
def test_a_model_fits_exactly_when_it_can_be_planned(modelscan: Modelscan, home: Path, spec: str, share: int) -> None:
    """On machines that are described; so many of the open models of the shipped catalog, evenly."""
    context = Context(settings=load_settings(environ={"MODELSCAN_HOME": str(home), "MODELSCAN_OFFLINE": "1"}))
    hardware = describe_hardware(spec, planning_facts().gpus)
    judge = judge_for(context, hardware, PlanRequest(model=""), ())
    models = [model for model in open_index(context.settings).models(Filters(open_only=True)) if model.weights]
    seen = set()
    for model in models[:: len(models) // share]:
        fits = judge(model)
        plan = modelscan("--offline", "plan", model.id, "--hardware", spec, "--json")
        assert fits.feasible == (plan.status == 0), (model.id, fits, plan.stderr)
        if fits.feasible:
            assert (fits.quantization, fits.max_model_len) == tuple(
                plan.json["chosen"][key] for key in ("quantization", "max_model_len")
            )
        seen.add(fits.feasible)
    assert seen == {True, False}


def test_what_fits_a_described_machine_is_searched_for(modelscan: Modelscan) -> None:
    words = ("--offline", "catalog", "search", "best", "model", "for", "12gb", "vram")
    found = modelscan(*words, "--fits", "--hardware", "12gb", "--limit", "4", "--json").json
    assert len(found) == 4
    assert all(model["fits"]["feasible"] and model["task"] == "chat" for model in found)
    bare = modelscan(*words, "--hardware", "12gb")
    assert (bare.status, bare.stderr.splitlines()[-2:]) == (
        2, ["error: `--hardware` says which machine to fit, and `--fits` is missing", "hint: add --fits"],
    )  # fmt: skip


@pytest.mark.parametrize("command", [("search", "qwen"), ("list",)])
def test_a_source_that_there_is_not_is_refused(modelscan: Modelscan, command: tuple[str, ...]) -> None:
    refused = modelscan("catalog", *command, "--source", "foo")
    assert refused.status == 2
    assert "error: `foo` is not a catalog source" in refused.stderr
