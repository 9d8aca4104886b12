"""The record: its parts, the document that it is kept as, and what each transition leaves alone. Any record, any path."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan import dataclasses
from modelscan.deployments import transitions
from modelscan.deployments.document import deployment_of, read, record_of, written
from modelscan.deployments.record import DeploymentSpec, LastError, PinnedPlan, Record
from modelscan.deployments.transitions import ending, preparing, replanning, restarting, serving, starting
from modelscan.deployments.transitions.allowed import may_follow
from modelscan.deployments.transitions.observing import Found, conclude
from modelscan.model import Deployment, Measured, Progress
from modelscan.model.words import Status

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def values(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of(*(values(argument) for argument in arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(
            st.text(max_size=5), SCALARS if arguments[1] is Any else values(arguments[1]), max_size=3
        )
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    return of(hint) if dataclasses.is_dataclass(hint) else st.from_type(hint)


def of(cls: Any) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(cls)
    drawn = {field.name: values(hints[field.name]) for field in dataclasses.fields(cls)}
    if "port" in drawn:  # any other number is damage
        drawn["port"] = st.none() | st.integers(1, 65535)
    return st.builds(cls, **drawn)


RECORDS: st.SearchStrategy[Record] = of(Record)
AT = "2026-11-21T08:00:00Z"
ERROR = LastError(cause="out of memory")
OPTIONS = {"context_length": "--max-model-len", "gpu_memory_utilization": "--gpu-memory-utilization"}

BEFORE_START: frozenset[Status] = frozenset({"pending", "pulling"})
OVER: frozenset[Status] = frozenset({"stopped", "failed"})
RUNNING: frozenset[Status] = frozenset({"starting", "ready", "unhealthy"})
ANY: frozenset[Status] = frozenset(get_args(Status))
STARTING: frozenset[Status] = frozenset({"starting"})

# What each is for: from which statuses it is used, to which it leads (None: it stays), and the parts that it changes.
TRANSITIONS: dict[str, tuple[frozenset[Status], Status | None, set[str], Callable[[Record], Record | None]]] = {
    "installing": (BEFORE_START, "pending", {"status"}, preparing.installing),
    "pulling": (BEFORE_START, "pulling", {"status"}, preparing.pulling),
    "progressed": (BEFORE_START, None, {"status"}, lambda it: preparing.progressed(it, Progress(fraction=0.5))),
    "prepared": (
        BEFORE_START,
        None,
        {"pinned"},
        lambda it: preparing.prepared(
            it, backend_version="1", program="/p", location="/l", revision="c", argv=("a",), env={}
        ),
    ),
    "fetched_there": (
        BEFORE_START,
        None,
        {"pinned"},
        lambda it: preparing.fetched_there(it, version="1", task="chat", quantization="Q8_0", fetched="d"),
    ),
    "purged_there": (OVER, None, {"pinned"}, preparing.purged_there),
    "claimed_again": (OVER, "pending", {"status"}, preparing.claimed_again),
    "preparation_stopped": (BEFORE_START, "stopped", {"status"}, lambda it: preparing.preparation_stopped(it, "m")),
    "preparation_failed": (BEFORE_START, "failed", {"status"}, lambda it: preparing.preparation_failed(it, "m")),
    "starting": (BEFORE_START | OVER, "starting", {"status", "owner"}, lambda it: starting.starting(it, AT)),
    "supervised": (
        STARTING,
        None,
        {"owner"},
        lambda it: starting.supervised(it, boot_id="b", pid=7, start_time=1),
    ),
    "waiting": (STARTING, None, {"status"}, lambda it: starting.waiting(it, "another is starting")),
    "admitted": (STARTING, None, {"status"}, starting.admitted),
    "launched": (
        STARTING,
        None,
        {"status", "owner"},
        lambda it: starting.launched(it, pid=8, start_time=2, expected_at=AT),
    ),
    "reached": (STARTING, None, {"status"}, lambda it: starting.reached(it, "compiling", Progress())),
    "sized": (RUNNING, None, {"status"}, lambda it: starting.sized(it, kv_cache_tokens=1, max_concurrency=1.5)),
    "became_ready": (
        STARTING,
        "ready",
        {"status"},
        lambda it: serving.became_ready(it, AT, measured=Measured(), measured_bytes=1),
    ),
    "with_context": (RUNNING, None, {"pinned"}, lambda it: serving.with_context(it, 4096)),
    "probed": (RUNNING, None, {"status"}, lambda it: serving.probed(it, AT, ok=True)),
    "became_unhealthy": (frozenset({"ready"}), "unhealthy", {"status"}, lambda it: serving.became_unhealthy(it, "m")),
    "recovered": (frozenset({"unhealthy"}), "ready", {"status"}, serving.recovered),
    "fell_asleep": (RUNNING - STARTING, "stopped", {"status"}, lambda it: ending.fell_asleep(it, AT, None)),
    "waking": (frozenset({"pending", "stopped"}), "starting", {"status"}, lambda it: starting.waking(it, AT)),
    "stopping": (RUNNING | {"stopped"}, "stopping", {"status"}, ending.stopping),
    "stopped": (ANY, "stopped", {"status", "owner"}, lambda it: ending.stopped(it, AT)),
    "failed": (RUNNING | {"stopping"}, "failed", {"status", "owner"}, lambda it: ending.failed(it, AT, ERROR)),
    "asked_to_stop": (OVER, None, {"status"}, lambda it: ending.asked_to_stop(it, "gateway")),
    "remarked": (OVER, None, {"status"}, lambda it: ending.remarked(it, "m")),
    "removed": (OVER, None, {"status"}, lambda it: ending.removed(it, AT)),
    "restarting": (RUNNING, "starting", {"status", "owner"}, lambda it: restarting.restarting(it, ERROR, "m")),
    "relaunching": (STARTING, None, {"status"}, restarting.relaunching),
    "moved_to_port": (BEFORE_START | STARTING, None, {"pinned"}, lambda it: replanning.moved_to_port(it, 8081)),
    "retried": (STARTING, None, {"status", "owner"}, lambda it: replanning.retried(it, "m")),
    "adjusted": (
        STARTING,
        None,
        {"pinned", "status", "owner"},
        lambda it: replanning.adjusted(it, "m", {"context_length": 1024}, OPTIONS),
    ),
}


def test_each_transition_is_in_this_table() -> None:
    found = set()
    for module in pkgutil.iter_modules(transitions.__path__):
        loaded = importlib.import_module(f"{transitions.__name__}.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            returns = str(function.__annotations__.get("return"))
            if function.__module__ == loaded.__name__ and returns in {"Record", "Record | None"} and name[0] != "_":
                found.add(name)
    assert found - {"conclude"} == set(TRANSITIONS)


@given(record=RECORDS)
def test_a_transition_leads_where_it_says_and_keeps_the_rest(record: Record) -> None:
    for name, (_, leads_to, parts, transition) in TRANSITIONS.items():
        now = transition(record)
        if now is None:
            continue
        assert now.status.current == (leads_to or record.status.current), name
        changed = {
            part for part in ("spec", "pinned", "status", "owner") if getattr(now, part) != getattr(record, part)
        }
        assert changed <= parts, name


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition_is_used_where_its_status_may_follow(name: str) -> None:
    used_from, leads_to, _, _ = TRANSITIONS[name]
    assert used_from
    assert all(may_follow(before, leads_to or before) for before in used_from)


@given(record=RECORDS)
def test_no_process_is_remembered_where_none_runs(record: Record) -> None:
    for name in ("stopped", "failed", "restarting", "starting", "retried"):
        now = TRANSITIONS[name][3](record)
        assert now is not None
        assert (now.owner.pid, now.owner.pid_start_time, now.status.progress) == (None, None, None), name


@given(record=RECORDS)
def test_a_start_forgets_how_the_last_one_ended(record: Record) -> None:
    status = starting.starting(record, AT, log_path="/log").status
    assert (status.error, status.message, status.ready_at, status.stopped_at, status.restarts) == (
        *(None, None, None, None),
        0,
    )


@given(
    record=RECORDS,
    supervised=st.booleans(),
    commanded=st.booleans(),
    same_boot=st.none() | st.booleans(),
    age=st.none() | st.floats(0, 1000),
)
def test_what_is_concluded_may_follow_and_is_about_the_status_only(
    record: Record, supervised: bool, commanded: bool, same_boot: bool | None, age: float | None
) -> None:
    found = Found(supervised=supervised, commanded=commanded, same_boot=same_boot, probe_age_seconds=age)
    now = conclude(record, found)
    assert may_follow(record.status.current, now.status.current)
    assert (now.spec, now.pinned) == (record.spec, record.pinned)


@given(record=RECORDS)
def test_a_record_comes_back_from_its_document(record: Record) -> None:
    assert record_of(deployment_of(record)) == record
    assert read(written(record)) == record
    assert [*json.loads(written(record))] == [field.name for field in dataclasses.fields(Deployment)]


def test_what_a_newer_version_added_is_passed_over_and_what_an_older_one_lacks_has_its_default() -> None:
    record = Record(spec=DeploymentSpec(id="1", name="demo", model="lab/demo"), pinned=PinnedPlan(backend="vllm"))
    document = json.loads(written(record))
    del document["adjustments"], document["plan"], document["error_hints"]
    assert read(json.dumps({**document, "invented_later": [1]})) == record


@pytest.mark.parametrize("damage", [{"status": "unheard of"}, {"memory": None}, {"memory": [1]}, {"argv": 7}])
def test_a_damaged_document_is_refused(damage: dict[str, object]) -> None:
    record = Record(spec=DeploymentSpec(id="1", name="demo", model="lab/demo"), pinned=PinnedPlan(backend="vllm"))
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        read(json.dumps({**json.loads(written(record)), **damage}))
