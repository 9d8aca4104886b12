"""A backend that manages its memory by itself: weights, its process and a request are counted as they were measured."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Modelscan

from modelscan.backends.registry import BACKENDS
from modelscan.model import Task
from modelscan.units import MIB

# Model, format, task, MiB of its weights as loaded, and of the whole server after a request (proportional set size, on a
# CPU).
MEASURED = (
    ("minilm", "safetensors", "embed", 87, 550),
    ("embedding", "safetensors", "embed", 1, 478),
    ("reranker", "safetensors", "rerank", 1, 469),
    ("chat", "safetensors", "chat", 1, 419),
    ("vision", "safetensors", "chat", 1, 428),
    ("image", "safetensors", "text-to-image", 7, 484),
    ("whisper-tiny.en", "safetensors", "speech-to-text", 144, 795),
    ("whisper-base", "safetensors", "speech-to-text", 277, 992),
    ("whisper-tiny.en", "ctranslate2", "speech-to-text", 38, 188),
    ("whisper-base", "ctranslate2", "speech-to-text", 73, 207),
)


@pytest.mark.parametrize(("model", "form", "task", "weights", "taken"), MEASURED)
def test_what_was_measured_is_within_the_bounds(model: str, form: str, task: Task, weights: int, taken: int) -> None:
    occupies = BACKENDS["transformers"].occupies
    assert occupies is not None
    beside = occupies.process(task, "cpu", form) + occupies.working(task, weights * MIB, form)
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
