"""What `plan` prints to run is what `deploy` runs."""

from __future__ import annotations

import shlex

import pytest
from tests.cli.conftest import Modelscan, free_port

pytestmark = pytest.mark.usefixtures("vllm")


@pytest.mark.parametrize("options", [[], ["--name", "mine", "--context-length", "1024", "--env", "NCCL_DEBUG=INFO"]])
@pytest.mark.slow
def test_the_command_of_a_plan_is_the_one_that_deploy_runs(modelscan: Modelscan, options: list[str]) -> None:
    asked = ("demo", "--port", str(free_port()), *options)
    planned = modelscan("plan", *asked, "--json").json["chosen"]
    words = shlex.split(modelscan("plan", *asked, "--format", "command").stdout)
    dry = modelscan("deploy", *asked, "--dry-run", "--json").json["chosen"]
    deployed = modelscan("deploy", *asked, "--json")
    assert deployed.status == 0, deployed.stderr
    assert planned["argv"] == dry["argv"] == deployed.json["argv"] == words[len(planned["env"]) :]


def test_the_first_port_of_the_settings_and_both_names_are_in_it(modelscan: Modelscan) -> None:
    modelscan("config", "set", "deploy.first_port", "9100")
    argv = modelscan("plan", "demo", "--json").json["chosen"]["argv"]
    served = argv.index("--served-model-name")
    assert argv[served + 1 : served + 3] == ["demo", "modelscan/demo"]


def test_the_repo_as_its_hub_spells_it_is_a_served_name_too(modelscan: Modelscan) -> None:
    """As in the record of a deployment: clients of `vllm serve` have it."""
    argv = modelscan("--offline", "plan", "qwen/qwen3-8b", "--hardware", "rtx-4090", "--json").json["chosen"]["argv"]
    served = argv.index("--served-model-name")
    assert argv[served + 1 : served + 4] == ["qwen3-8b", "Qwen/Qwen3-8B-FP8", "qwen/qwen3-8b"]


def test_the_line_that_deploys_a_plan_can_be_pasted(modelscan: Modelscan) -> None:
    asked = ["demo", "--context-length", "1024", "--name", "mine"]
    last = modelscan("plan", *asked).stdout.splitlines()[-1]
    said = shlex.split(last.removeprefix("Run it: modelscan "))
    assert (said[:2], sorted(said[2:])) == (["deploy", "demo"], sorted(asked[1:]))
    assert modelscan(*said, "--dry-run").status == 0
    assert "Run it" not in modelscan("plan", "demo", "--hardware", "rtx-4090").stdout
