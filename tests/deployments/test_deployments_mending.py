"""What may be changed of a plan that did not start: less than planned, from the backend's own words, never the user's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan import dataclasses
from modelscan.deployments.record import DeploymentSpec, PinnedPlan, Record
from modelscan.deployments.transitions.replanning import adjusted, moved_to_port, with_option

OPTIONS = {"context_length": "--max-model-len", "gpu_memory_utilization": "--gpu-memory-utilization"}


def planned(*explicit: str, argv: tuple[str, ...] = ()) -> Record:
    pinned = PinnedPlan(
        backend="vllm",
        max_model_len=4096,
        argv=argv or ("vllm", "--port", "8080", "--max-model-len", "4096", "--gpu-memory-utilization", "0.9"),
        plan={"max_model_len": 4096, "gpu_memory_utilization": 0.9, "explicit": list(explicit)},
    )
    return Record(spec=DeploymentSpec(id="1", name="demo", model="lab/demo"), pinned=pinned)


def test_a_smaller_context_is_taken() -> None:
    now = adjusted(planned(), "too large", {"context_length": 1024}, OPTIONS)
    assert now is not None
    assert now.status.message == "context length reduced from 4096 to 1024 before another try: too large"
    assert now.pinned.adjustments == (now.status.message,)
    assert now.pinned.max_model_len == now.pinned.plan["max_model_len"] == 1024
    assert now.pinned.argv[4] == "1024"


def test_a_smaller_share_is_taken() -> None:
    now = adjusted(planned(), "too large", {"gpu_memory_utilization": 0.85}, OPTIONS)
    assert now is not None
    assert now.status.message == "GPU memory share reduced from 0.9 to 0.85 before another try: too large"
    assert now.pinned.plan["gpu_memory_utilization"] == 0.85
    assert now.pinned.argv[-1] == "0.85"


@pytest.mark.parametrize(
    ("record", "suggested"),
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
def test_nothing_else_is(record: Record, suggested: dict[str, int | float]) -> None:
    assert adjusted(record, "too large", suggested, OPTIONS) is None


def test_relief_is_taken_on_gpus_where_nobody_said_how_much_of_them() -> None:
    def relieved(argv: Sequence[str]) -> tuple[tuple[str, ...], str] | None:
        return ((*argv, "--fit"), "layers laid out anew") if "--fit" not in argv else None

    def on_gpu(record: Record) -> Record:
        return dataclasses.replace(record, pinned=dataclasses.replace(record.pinned, gpu_indices=(0,)))

    now = adjusted(on_gpu(planned()), "the GPU ran out of memory", {}, OPTIONS, relieved)
    assert now is not None
    assert now.pinned.argv[-1] == "--fit"
    assert now.status.message == "layers laid out anew before another try: the GPU ran out of memory"
    for record in (planned(), on_gpu(planned("max_memory_bytes")), now):
        assert adjusted(record, "m", {}, OPTIONS, relieved) is None
    assert adjusted(on_gpu(planned()), "m", {}, OPTIONS) is None


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
    moved = moved_to_port(planned(), 9000).pinned
    assert (moved.port, moved.base_url, moved.argv[2]) == (9000, "http://127.0.0.1:9000", "9000")
    assert moved.openai_base_url == "http://127.0.0.1:9000/v1"
