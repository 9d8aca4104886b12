"""The name of a family: a question, with the members that fit the machine first."""

from __future__ import annotations

from itertools import takewhile

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan


@pytest.mark.parametrize("family", ["qwen3", "llama-3.1", "whisper"])
def test_what_fits_the_machine_comes_first(modelscan: Modelscan, family: str) -> None:
    machine = ("--hardware", "1xL4")
    asked = modelscan("plan", family, *machine, "--json")
    details = asked.error["details"]
    fitting = list(takewhile(lambda model_id: model_id in details["fits"], details["candidates"]))
    others = details["candidates"][len(fitting) :]
    assert (asked.status, sorted(fitting)) == (3, sorted(details["fits"]))
    assert fitting
    # The list says what a plan says: of the best known that fits, and of the first that does not.
    assert modelscan("plan", fitting[0], *machine, "--json").json["feasible"]
    if others:
        assert modelscan("plan", others[0], *machine, "--json").status != 0


def test_how_it_looks(modelscan: Modelscan) -> None:
    asked = modelscan("plan", "starling-lm", "--hardware", "1xA100-80GB")
    assert asked.stderr == snapshot("""\
error: `starling-lm` may be any of 2 models; 2 of them fit the described machine
  it could be berkeley-nest/starling-lm-7b-alpha (7.2B), fits in BF16
  it could be nexusflow/starling-lm-7b-beta (7.2B), fits in BF16
hint: choose one, for example: modelscan plan berkeley-nest/starling-lm-7b-alpha --hardware 1xA100-80GB
hint: modelscan catalog search 'starling-lm'
""")


def test_info_and_deploy_ask_the_same(modelscan: Modelscan) -> None:
    verbs = (("catalog", "info"), ("plan",), ("deploy",))
    lists = [modelscan(*verb, "whisper", "--json").error["details"]["candidates"] for verb in verbs]
    assert lists[0] == lists[1] == lists[2]


def test_a_machine_that_cannot_be_read_leaves_the_question(modelscan: Modelscan) -> None:
    asked = modelscan("plan", "whisper", "--hardware", "nonsense", "--json")
    assert (asked.status, asked.error["code"]) == (3, "model_ambiguous")
    assert "fits" not in asked.error["details"]
