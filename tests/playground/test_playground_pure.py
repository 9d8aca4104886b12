"""The parts without a world: quantities, addresses, cards, processors."""

from __future__ import annotations

import os
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import Usage
from modelscan.hubs.huggingface.card import first_paragraph
from modelscan.model import Status
from modelscan.playground.quantities import QUANTITY_PATTERN, amount, cores, gpu_count, plan_options, size_bytes
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.settling import NO_COMMAND, SeenCommand, SeenInference, phase_now
from modelscan.playground.sources import api_of, check_api, repo_of
from modelscan.system.processes.cores import on_cores


@pytest.mark.parametrize(
    ("quantity", "found"),
    [
        ("16", 16),
        ("500m", Fraction(1, 2)),
        ("64Gi", 64 * 2**30),
        ("64G", 64 * 10**9),
        ("1.5Ti", 3 * 2**39),
        ("2k", 2000),
    ],
)
def test_quantities_are_exact(quantity: str, found: Fraction) -> None:
    assert amount(quantity) == found


@given(st.from_regex(QUANTITY_PATTERN, fullmatch=True))
def test_what_the_pattern_takes_is_read(quantity: str) -> None:
    assert amount(quantity) >= 0
    assert (cores(quantity) is None) == (amount(quantity) == 0)


@given(st.text(max_size=12))
def test_anything_else_is_refused(text: str) -> None:
    if not re.fullmatch(QUANTITY_PATTERN, text, re.ASCII):
        with pytest.raises(ValueError, match="is no quantity"):
            amount(text)


def test_bounds_of_a_plan() -> None:
    assert (cores(""), cores("0"), cores("500m"), cores("2500m"), size_bytes(""), gpu_count(""), gpu_count("2")) == (
        None,
        None,
        1,
        3,
        None,
        None,
        2,
    )
    size = str(64 * 2**30)
    assert plan_options(memory="", gpu="") == ()
    assert plan_options(memory="64Gi", gpu="2") == ("--gpus", "2", "--max-host-memory", size)
    assert plan_options(memory="64Gi", gpu="0") == ("--gpu", "none", "--max-host-memory", size)
    assert plan_options(memory="64Gi", gpu="") == ("--max-host-memory", size)


def test_addresses_of_repos() -> None:
    for address in ("Qwen/Qwen3-8B", "https://huggingface.co/Qwen/Qwen3-8B", "https://huggingface.co/Qwen/Qwen3-8B/"):
        assert repo_of(address) == "Qwen/Qwen3-8B"
    for address in ("qwen3", "a/b/c", "https://hf.co.evil/a/b", "../b", "spaces/b", "a/b\n", "-a/b", "s3://a/b"):
        with pytest.raises(Usage):
            repo_of(address)


def test_addresses_of_apis() -> None:
    for address in ("https://api.openai.com/v1", "http://127.0.0.1:8000", "http://[::1]:1/x", "http://h_1:65535/a%20b"):
        check_api(address)
    for address in ("ftp://a", "https://u:p@a", "https://a?k=1", "https://a:65536", "https://", "https://a b", "a/b"):
        with pytest.raises(Usage):
            check_api(address)
    assert api_of("https://a/v1/chat/completions") == api_of("https://a/v1/") == "https://a/v1"


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("", ""),
        ("# Title\n\nshort\n\nThis one has *enough* [words](x).\n", "This one has enough words."),
        (
            "---\na: b\n---\n<img src=x>\n\n| a | b |\n|---|---|\n\nA line\nand another line.\n",
            "A line and another line.",
        ),
        (
            "```\nsome code with many words\n```\n\n- a list of many things\n\nAt last some real prose.",
            "At last some real prose.",
        ),
    ],
)
def test_the_first_paragraph_of_a_card(card: str, found: str) -> None:
    assert first_paragraph(card) == found


@given(st.text())
def test_no_card_is_too_odd(card: str) -> None:
    assert len(first_paragraph(card)) <= 500


def test_processors_of_what_is_started() -> None:
    before = os.sched_getaffinity(0)
    with on_cores(1, spread="model-a"):
        assert len(os.sched_getaffinity(0)) == 1
    with on_cores(None, spread="model-a"), on_cores(10_000, spread="model-b"):
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("deployment", ["pending", "starting", "ready", "unhealthy", "stopped", "failed", None])
def test_an_inference_is_pending_until_its_command_has_ended(deployment: Status | None) -> None:
    """It makes the routes last: of one that is ready before, the gateway does not know the name."""
    at = "2026-12-01T12:00:00Z"
    model = PlaygroundModel(
        id="model-a3k9x",
        access_mode="local",
        source="lab/tiny",
        display_name="tiny",
        phase="Ready",
        inference="inf-model-a3k9x-xyz123",
        created_at=at,
        updated_at=at,
    )
    seen = SeenInference(command=SeenCommand(status="running"), deployment=deployment)
    assert phase_now(model, NO_COMMAND, seen).inference_phase == "Pending"
    ended = SeenInference(command=SeenCommand(status="done"), deployment=deployment)
    assert (phase_now(model, NO_COMMAND, ended).inference_phase == "Running") == (deployment in {"ready", "unhealthy"})
