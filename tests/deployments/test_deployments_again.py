"""The hints of a diagnosis as commands that can be run as they are."""

from __future__ import annotations

from modelscan.deployments.again import runnable
from modelscan.model import Deployment

DEPLOYED = Deployment(
    id="1",
    name="mine",
    model="qwen/qwen3-8b",
    catalog_id="qwen/qwen3-8b",
    backend="vllm",
    max_model_len=8192,
    request={
        "model": "qwen/qwen3-8b",
        "context_length": 8192,
        "env": {"OMP_NUM_THREADS": "4"},
        "name": "mine",
        "port": 9000,
    },
)


def test_what_was_asked_for_is_said_again_but_for_what_changes() -> None:
    hints = ("modelscan deploy … --context-length 640", "modelscan gpu")
    assert runnable(DEPLOYED, hints) == [
        "modelscan deploy qwen/qwen3-8b --env OMP_NUM_THREADS=4 --name mine --port 9000 --context-length 640 --replace",
        "modelscan gpu",
    ]


def test_half_is_half_of_the_context_length_that_was_planned() -> None:
    hint = "modelscan deploy … --context-length HALF"
    assert runnable(DEPLOYED, [hint])[0].endswith("--context-length 4096 --replace")
    encoder = Deployment(id="2", name="e", model="lab/e", backend="vllm", request={"model": "lab/e"})
    assert runnable(encoder, [hint]) == []


def test_a_plan_is_not_asked_for_what_only_a_deployment_has() -> None:
    [said] = runnable(DEPLOYED, ["modelscan plan … --alternatives 5"])
    assert said == "modelscan plan qwen/qwen3-8b --context-length 8192 --env OMP_NUM_THREADS=4 --alternatives 5"


def test_a_variable_is_added_to_those_that_were_given() -> None:
    [said] = runnable(DEPLOYED, ["modelscan deploy … --env NCCL_P2P_DISABLE=1"])
    assert "--env OMP_NUM_THREADS=4" in said
    assert said.endswith("--env NCCL_P2P_DISABLE=1 --replace")


def test_a_folder_is_named_by_its_path() -> None:
    folder = Deployment(
        id="3", name="tiny", model="tiny", backend="vllm", source="local_path", location="/models/my tiny",
        request={"model": "tiny"},
    )  # fmt: skip
    assert runnable(folder, ["modelscan deploy …"]) == ["modelscan deploy '/models/my tiny' --replace"]
