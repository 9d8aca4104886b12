"""What may be changed of a plan that did not start: less than planned, from the backend's own words, never the user's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.deployments.argv import on_port, with_option
from modelscan.model import Deployment
from modelscan.targets.local.supervisor.mending import mend

OPTIONS = {"context_length": "--max-model-len", "gpu_memory_utilization": "--gpu-memory-utilization"}


def planned(*explicit: str, argv: tuple[str, ...] = ()) -> Deployment:
    return Deployment(
        id="1",
        name="demo",
        model="lab/demo",
        backend="vllm",
        max_model_len=4096,
        argv=argv or ("vllm", "--port", "8080", "--max-model-len", "4096", "--gpu-memory-utilization", "0.9"),
        plan={"max_model_len": 4096, "gpu_memory_utilization": 0.9, "explicit": list(explicit)},
    )


def test_a_smaller_context_is_taken() -> None:
    mended = mend(planned(), {"context_length": 1024}, OPTIONS)
    assert mended is not None
    assert mended.said == "context length 4096 made 1024"
    assert mended.changes["max_model_len"] == mended.changes["plan"]["max_model_len"] == 1024
    assert mended.changes["argv"][4] == "1024"


def test_a_smaller_share_is_taken() -> None:
    mended = mend(planned(), {"gpu_memory_utilization": 0.85}, OPTIONS)
    assert mended is not None
    assert mended.said == "share of the GPU's memory 0.9 made 0.85"
    assert mended.changes["argv"][-1] == "0.85"


@pytest.mark.parametrize(
    ("deployment", "suggested"),
    [
        (planned("context_length"), {"context_length": 1024}),
        (planned("gpu_memory_utilization"), {"gpu_memory_utilization": 0.5}),
        (planned("max_memory_bytes"), {"gpu_memory_utilization": 0.5}),
        (planned(), {"context_length": 4096}),
        (planned(), {"context_length": 8192}),
        (planned(), {"context_length": 100}),
        (planned(), {"gpu_memory_utilization": 0.95}),
        (planned(), {"tensor_parallel": 2}),
        (planned(), {}),
        (planned(argv=("vllm",)), {"context_length": 1024}),
        (planned(argv=("vllm", "--max-model-len", "1", "--max-model-len", "2")), {"context_length": 1024}),
    ],
)
def test_nothing_else_is(deployment: Deployment, suggested: dict[str, int | float]) -> None:
    assert mend(deployment, suggested, OPTIONS) is None


@given(st.lists(st.sampled_from(["a", "--x", "--y", "1"])), st.text())
def test_an_option_is_changed_in_its_place_and_nothing_else(argv: list[str], value: str) -> None:
    changed = with_option(argv, "--x", value)
    if changed is not None:
        assert len(changed) == len(argv)
        different = [place for place, (old, new) in enumerate(zip(argv, changed, strict=True)) if old != new]
        assert different in ([], [argv.index("--x") + 1])
        assert changed[argv.index("--x") + 1] == value
    else:
        assert argv.count("--x") != 1 or argv[-1] == "--x"


def test_a_move_changes_port_addresses_and_command_line() -> None:
    changes = on_port(planned(), 9000)
    assert (changes["port"], changes["base_url"], changes["argv"][2]) == (9000, "http://localhost:9000", "9000")
