"""A backend that manages its memory by itself: weights, its process and a request are counted as they were measured."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Modelscan

from modelscan.backends.registry import BACKENDS
from modelscan.units import MIB

# Model, task, MiB of its weights as loaded, and of the whole server after a request (proportional set size, on a CPU).
MEASURED = (
    ("minilm", "embed", 87, 550),
    ("embedding", "embed", 1, 478),
    ("reranker", "rerank", 1, 469),
    ("chat", "chat", 1, 419),
    ("vision", "chat", 1, 428),
    ("image", "text-to-image", 7, 484),
    ("whisper-tiny.en", "speech-to-text", 144, 795),
    ("whisper-base", "speech-to-text", 277, 992),
)


@pytest.mark.parametrize(("model", "task", "weights", "taken"), MEASURED)
def test_what_was_measured_is_within_the_bounds(model: str, task: str, weights: int, taken: int) -> None:
    occupies = BACKENDS["transformers"].occupies
    assert occupies is not None
    beside = occupies.process(task, "cpu") + occupies.working(task, weights * MIB)  # type: ignore[arg-type]
    assert beside.low <= (taken - weights) * MIB <= beside.high, model
    assert beside.estimate == pytest.approx((taken - weights) * MIB, rel=0.25)


def test_a_plan_adds_them_up_and_says_from_where(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--backend", "transformers", "--hardware", "cpu:16gb", "--json")
    chosen = ran.json["chosen"]
    memory = chosen["memory_per_gpu"]
    parts = [memory[f"{part}_bytes"] for part in ("weights", "activations", "overhead")]
    assert memory["total_bytes"] == sum(parts)
    assert memory["total_low_bytes"] < memory["total_bytes"] < memory["total_high_bytes"]
    assert any("its weights, its process and one request are counted" in reason for reason in chosen["reasons"])
    told = modelscan("plan", "demo", "--backend", "transformers", "--hardware", "cpu:16gb", "--explain").stdout
    assert "the spread of measured starts" in told
    assert "CUDA graphs" not in told


def test_what_is_asked_for_is_claimed_instead(modelscan: Modelscan) -> None:
    words = ("plan", "demo", "--backend", "transformers", "--hardware", "cpu:16gb", "--max-memory", "3GiB", "--json")
    assert modelscan(*words).json["chosen"]["memory_per_gpu"]["total_bytes"] == 3 << 30


def test_a_host_without_room_for_the_process_is_refused(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--backend", "transformers", "--hardware", "cpu:1.5gb")
    assert ran.status == 4
    assert "its process and a request included, but only" in ran.stderr
