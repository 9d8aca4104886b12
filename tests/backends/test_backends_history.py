"""Old forms of arguments are brought to the planned version; what that version does not have is refused."""

from __future__ import annotations

import itertools

import pytest
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.backends.arguments.history import release
from modelscan.backends.arguments.words import read_arguments
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.model import PlanRequest
from modelscan.planning.decide.planner import make_plan

HISTORY = FACTS.arguments

# Names that the released wheels really had, and what a version of today makes of them.
OLD = """
vllm   | 0.33.0 | --task embed                   | --runner=pooling --convert=embed
vllm   | 0.33.0 | --task=score                   | --runner=pooling --convert=classify
vllm   | 0.12.0 | --task embed                   | --task embed
vllm   | 0.33.0 | --swap-space 4                 |
vllm   | 0.15.0 | --swap-space 4                 | --swap-space 4
vllm   | 0.33.0 | --device=cuda                  |
vllm   | 0.33.0 | --enable-reasoning             |
vllm   | 0.33.0 | --num-lookahead-slots=4        |
vllm   | 0.33.0 | --use-v2-block-manager         |
vllm   | 0.33.0 | --disable-log-requests         |
vllm   | 0.33.0 | --guided-decoding-backend=xgrammar | --structured-outputs-config.backend=xgrammar
vllm   | 0.10.0 | --guided_decoding_backend=xgrammar | --guided_decoding_backend=xgrammar
vllm   | 0.33.0 | --enable-chunked-prefill=False | --no-enable-chunked-prefill
vllm   | 0.33.0 | --enable-chunked-prefill       | --enable-chunked-prefill
vllm   | 0.32.0+cpu | --override-pooler-config {"a":1} | --pooler-config={"a":1}
sglang | 0.5.23 | --cuda-graph-max-bs 64         | --cuda-graph-max-bs-decode=64
sglang | 0.5.19 | --cuda-graph-max-bs 64         | --cuda-graph-max-bs 64
sglang | 0.5.23 | --enable-deepep-moe            | --moe-a2a-backend=deepep
"""


@pytest.mark.parametrize("row", OLD.strip().splitlines())
def test_translated(row: str) -> None:
    backend, version, given, becomes = (part.strip() for part in row.split("|"))
    adapted = HISTORY.adapt([given], backend=backend, title=BACKENDS[backend].title, version=version)
    assert " ".join(adapted.words) == becomes
    assert len(adapted.notes) == (given != becomes)


def test_every_translation_starts_where_the_old_name_ends_and_passes_the_list() -> None:
    for row in itertools.chain.from_iterable(HISTORY.translations.values()):
        if not row.value:
            assert HISTORY.known[row.backend, row.name][1] == row.since, row
        words = tuple(word.replace("{}", "1") for word in row.becomes.split())
        BACKENDS[row.backend].runs.check_arguments(words, {})
        for argument in read_arguments(words):
            name = argument.name.replace("--no-enable", "--enable")
            since, until = HISTORY.known[row.backend, name]
            assert until is None, row
            assert since is None or since <= row.since, row


@pytest.mark.parametrize(
    ("version", "argument", "cause"),
    [
        ("0.9.2", "--runner=pooling", "it was added in 0.10.0"),
        ("0.33.0", "--preemption-policy=x", None),
        ("0.33.0", "--rope-theta=1", "it was removed in 0.11.2"),
        (None, "--rope-theta=1", "it was removed in 0.11.2"),
        ("0.33.0", "--device=cpu", "it was removed in 0.10.0"),
    ],
)
def test_refused_where_the_version_does_not_have_it(version: str | None, argument: str, cause: str | None) -> None:
    if cause is None:  # what no version is known to have is the list's to refuse
        assert HISTORY.adapt([argument], backend="vllm", title="vLLM", version=version).words == (argument,)
        return
    with pytest.raises(Usage) as raised:
        HISTORY.adapt([argument], backend="vllm", title="vLLM", version=version)
    assert raised.value.cause == (cause,)


def test_the_plan_says_what_it_translated() -> None:
    request = PlanRequest(model="x/y", backend_args=("--swap-space=4", "--guided-decoding-backend=xgrammar"))
    plan = make_plan(None, [weights("x/y", llama())], machine("rtx-4090"), request, FACTS)
    assert plan.chosen is not None
    assert plan.chosen.extra_args == ("--structured-outputs-config.backend=xgrammar",)
    assert [reason for reason in plan.chosen.reasons if reason.startswith("argument: ")] == [
        "argument: `--swap-space=4` is dropped: preempted requests are computed again, nothing is swapped",
        "argument: `--guided-decoding-backend=xgrammar` is now `--structured-outputs-config.backend=xgrammar`: renamed",
    ]


def test_a_version_that_lacks_what_the_plan_needs_is_refused() -> None:
    request = PlanRequest(model="x/y", backend_version="0.8.5")
    encoder = weights("x/y", llama(), task="embed")
    plan = make_plan(None, [encoder], machine("rtx-4090"), request, FACTS)
    assert {(rejection.code, rejection.reason) for rejection in plan.rejected} == {
        ("version_unsupported", "a start of vllm 0.8.5 would need `--runner`, which was added in 0.10.0")
    }


@pytest.mark.parametrize(
    ("version", "same"), [("0.33", "0.33.0"), ("0.33.0+cpu", "0.33"), ("0.33.0rc2", "0.33.0"), ("v0.33", "0.33.0")]
)
def test_spellings_of_one_release_are_one(version: str, same: str) -> None:
    assert release(version) == release(same)


def test_a_short_version_has_all_that_its_release_has() -> None:
    assert FACTS.parsers.knows("vllm", "tool-call", "hermes", "0.32")
    assert HISTORY.missing(["--runner=pooling"], backend="vllm", version="0.33") is None
    assert release("nightly") < release("0.1") < release("0.9") < release("0.10.1")
