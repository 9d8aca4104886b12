"""A backend that is added is added everywhere that CONTRIBUTING.md names."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

from modelscan.backends.builds import parse_builds
from modelscan.backends.explaining.plain import PlainLog
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.storage.shipped import shipped_text

FAILURES = Path(__file__).with_name("failures.toml")


def test_each_is_registered_under_its_own_name() -> None:
    assert {name: backend.name for name, backend in BACKENDS.items()} == {name: name for name in BACKENDS}


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("vllm", ("vllm/vllm-openai", "vLLM", "hosted_vllm", {"vllm"}, "vllm-recipes")),
        ("sglang", ("lmsysorg/sglang", "SGLang", "openai", {"sglang"}, None)),
    ],
)
def test_what_others_call_those_that_have_every_capability(name: str, called: tuple[object, ...]) -> None:
    backend = BACKENDS[name]
    about = backend.about
    assert (about.image, about.gpustack, about.litellm, set(about.seeds), about.catalog) == called
    assert about.options.keys() >= {"context_length", "max_concurrency", "gpu_memory_utilization"}
    assert None not in {backend.estimates, backend.installs}


def test_the_usual_one_is_the_first_that_says_so() -> None:
    assert BACKENDS.usual.name == "vllm"


def test_each_way_to_install_in_the_table_is_one_of_the_backends() -> None:
    for build in parse_builds(shipped_text("backends.csv")):
        installs = BACKENDS[build.backend].installs
        assert installs is not None
        for way, version in build.installs:
            made = installs.recipes(way, version, build)
            assert {(recipe.version, recipe.device, recipe.min_cuda) for recipe in made} == {
                (version, build.device, build.min_cuda)
            }


@pytest.mark.parametrize("table", ["backends.csv", "quant_support.csv"])
def test_each_that_is_judged_says_what_it_can_run_on(table: str) -> None:
    rows = list(csv.DictReader(shipped_text(table).splitlines()))
    judged = {name for name, backend in BACKENDS.items() if backend.estimates is not None}
    assert judged <= {row["backend"] for row in rows} <= set(BACKENDS)
    assert all(row["source"] for row in rows)


def test_failures_of_each_are_known() -> None:
    known = {failure["backend"] for failure in tomllib.loads(FAILURES.read_text())["failure"]}
    assert known == {name for name, backend in BACKENDS.items() if not isinstance(backend.explains, PlainLog)}


@pytest.mark.parametrize("name", BACKENDS)
def test_each_hands_over_a_key_without_showing_it_on_a_command_line(name: str) -> None:
    try:
        handed = BACKENDS[name].runs.hand_key("planted-secret")
    except Usage:
        return  # it takes none, and says so
    assert sum("planted-secret" in text for text in (*handed.env.values(), *handed.files.values())) == 1
    assert not any("/" in file for file in handed.files)  # in the folder that it runs in
