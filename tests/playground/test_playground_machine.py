"""Models of the Playground API under two clients at once, and killed anywhere: a machine against what must hold.

Jobs are rows with locks that this test holds, deployments run on the toy target; everything else is the program's.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from inspect import CO_GENERATOR
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.deployments.toy_target import RUNNING

from modelscan import dataclasses
from modelscan.deployments.record import DeploymentSpec, DeploymentStatus, PinnedPlan, Record
from modelscan.deployments.store import Store
from modelscan.errors import ModelscanError
from modelscan.jobs.files import job_files
from modelscan.jobs.job import Job, JobKind
from modelscan.jobs.now import jobs_now
from modelscan.jobs.site import JobSite
from modelscan.jobs.store import JobStore, new_job_id
from modelscan.playground.asked import AskedModel
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.store import PlaygroundStore
from modelscan.running.stop import remove_deployment
from modelscan.selecting.context import Context
from modelscan.settings.reading import load_settings
from modelscan.storage.locks import Lock
from modelscan.system.clock import rfc3339
from modelscan.targets.registry import TARGETS
from modelscan.verbs.playground.create import create_model
from modelscan.verbs.playground.delete import delete_model
from modelscan.verbs.playground.listing import get_model, list_models
from modelscan.verbs.playground.pull_again import pull_again
from modelscan.verbs.playground.resume import resume_models
from modelscan.verbs.playground.toggle import toggle_model

TOKEN = "hf_planted"
SHM = Path("/dev/shm")
ROOMS = ("modelscan.playground.", "modelscan.running.playground.", "modelscan.verbs.playground.")
STORE = "modelscan.playground.store"
OPERATIONS = ("create", "look", "list", "on", "off", "delete", "purge", "resume", "pull")


class Killed(BaseException):
    """As by kill -9: nothing catches it."""


class World:
    """The clock, and what runs beside the program. Whoever waits lets commands end that were asked to."""

    def __init__(self, home: Path) -> None:
        self.at = datetime(2026, 12, 1, tzinfo=UTC)
        self.locks: dict[str, Lock] = {}
        environ = {"MODELSCAN_HOME": str(home), "HOME": str(home), "HF_HUB_OFFLINE": "1"}
        targets = {**TARGETS, "toy": "tests.deployments.toy_target"}
        self.context = Context(settings=load_settings(environ), clock=self, targets=targets, start_job=self.start_job)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=max(seconds, 1.0))
        rows = self.rows(kept_only=False)
        ending = {name for row in rows for name in row.ending} | {row.id for row in rows if row.stage == "deleting"}
        for job in self.running():
            if job.subject in ending:
                self.end(job, "cancelled")

    def start_job(
        self,
        site: JobSite,
        *,
        kind: JobKind,
        subject: str,
        argv: Sequence[str],
        secrets: Mapping[str, str] | None = None,
    ) -> Job:
        assert TOKEN not in " ".join(argv)
        row = next(item for item in self.rows(kept_only=False) if item.id in subject)
        assert kind == "deploy" or (secrets or {}).get("HF_TOKEN") == (TOKEN if row.has_token else None)
        job = Job(id=new_job_id(), kind=kind, subject=subject, argv=tuple(argv), created_at=rfc3339(self.at))
        lock = Lock(job_files(site.settings.paths, job.id).lock)
        assert lock.try_acquire()
        with JobStore(site.settings.paths, self) as store:
            assert store.create(job)
        self.locks[job.id] = lock
        return job

    def running(self) -> list[Job]:
        return [job for job in jobs_now(self.context) if job.status == "running"]

    def end(self, job: Job, how: str) -> None:
        """`killed`: the lock is let go, and nothing is written."""
        with JobStore(self.context.settings.paths, self) as store:
            if how != "killed":
                result = [{"revision": "c0ffee" * 7}] if job.kind == "pull" else {}
                code = "source_unavailable" if how == "unreached" else "error"
                error = {"code": code, "message": "it failed"} if how != "done" else None
                how = "failed" if how == "unreached" else how
                store.end(
                    job.id,
                    lambda now: dataclasses.replace(
                        now, status=how, result=result, error=error, exit_status=int(how != "done")
                    ),
                )
        if (lock := self.locks.pop(job.id, None)) is not None:
            lock.release()

    def serve(self, name: str) -> None:
        """What a deploy command does."""
        spec = DeploymentSpec(id=uuid.uuid4().hex, name=name, target="toy", model="tiny", request={})
        record = Record(spec=spec, pinned=PinnedPlan(backend="toy"), status=DeploymentStatus())
        with Store(self.context.settings.paths, self) as store:
            store.create(record)
        self.context.deployments.start(spec.id)

    def rows(self, *, kept_only: bool = True) -> list[PlaygroundModel]:
        with PlaygroundStore.for_reading(self.context.settings.paths, self) as store:
            return list(store.list() if kept_only else store._all("1"))

    def deployed(self) -> list[str]:
        return [item.name for item in self.context.deployments.list()]


def module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def callers(frame: FrameType) -> Iterator[FrameType]:
    while (caller := frame.f_back) is not None:
        yield caller
        frame = caller


@contextlib.contextmanager
def interrupted(at: int | None, by: Callable[[], None], *, between_transactions: bool = False) -> Iterator[None]:
    """Call `by` before the call of that number inside the rooms of the Playground API; what it raises, the call does.
    Whoever writes at the same time gets its turn `between_transactions`: within one it would wait for its end.
    """
    left = at

    def traced(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        code = frame.f_code
        if left is None or event != "call" or not module_of(frame).startswith(ROOMS):
            return
        if code.co_flags & CO_GENERATOR or code.co_name.startswith("<"):
            return
        if between_transactions and any(module_of(caller) == STORE for caller in callers(frame)):
            return
        left -= 1
        if left < 0:
            left = None
            sys.settrace(None)
            by()

    before = sys.gettrace()
    if at is not None:
        sys.settrace(traced)
    try:
        yield
    finally:
        sys.settrace(before)


class PlaygroundMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        # In memory where there is such a folder: thousands of transactions, of which none has to outlive the machine.
        self.home = Path(tempfile.mkdtemp(prefix="playground-", dir=SHM if SHM.is_dir() else None))
        self.world = World(self.home)
        self.known: list[str] = []
        self.gone: set[str] = set()  # their deletion was begun, and may have come through
        RUNNING.clear()

    def do(self, operation: str, number: int) -> None:
        """As a client asks; failures are answers."""
        context, model = self.world.context, self.known[number % len(self.known)] if self.known else "model-zzzzz"
        with contextlib.suppress(ModelscanError):
            match operation:
                case "create":
                    path = str(self.home / "data" / "weights" / f"w{number % 3}")
                    asked = AskedModel(
                        access_mode="local", url="lab/tiny", token=TOKEN if number % 2 else "", local_path=path
                    )
                    self.known.append(create_model(context, asked))
                case "look":
                    get_model(context, model)
                case "list":
                    list_models(context, limit=100)
                case "on":
                    toggle_model(context, model, enabled=True)
                case "off":
                    toggle_model(context, model, enabled=False)
                case "delete" | "purge":
                    self.gone.add(model)
                    delete_model(context, model, purge=operation == "purge")
                case "resume":
                    resume_models(context)
                case "pull":
                    pull_again(context, model)

    @rule(operation=st.sampled_from(OPERATIONS), number=st.integers(0, 5))
    def asked(self, operation: str, number: int) -> None:
        self.do(operation, number)

    @rule(operation=st.sampled_from(OPERATIONS), number=st.integers(0, 5), at=st.integers(0, 80))
    def killed(self, operation: str, number: int, at: int) -> None:
        def kill() -> None:
            raise Killed

        with contextlib.suppress(Killed), interrupted(at, kill):
            self.do(operation, number)

    @rule(
        operation=st.sampled_from(OPERATIONS),
        other=st.sampled_from(OPERATIONS),
        number=st.integers(0, 5),
        at=st.integers(0, 80),
    )
    def two_at_once(self, operation: str, other: str, number: int, at: int) -> None:
        with interrupted(at, lambda: self.do(other, number), between_transactions=True):
            self.do(operation, number)

    @precondition(lambda self: bool(self.world.locks))
    @rule(which=st.integers(0, 5), how=st.sampled_from(["done", "failed", "killed", "unreached"]))
    def a_command_ends(self, which: int, how: str) -> None:
        running = self.world.running()
        if running:
            job = running[which % len(running)]
            if job.kind == "deploy" and how == "done" and job.subject not in self.world.deployed():
                self.world.serve(job.subject)
            self.world.end(job, how)

    @rule(seconds=st.sampled_from([20, 1_000]))
    def time_passes(self, seconds: float) -> None:
        self.world.at += timedelta(seconds=seconds)

    @precondition(lambda _: bool(RUNNING))
    @rule(which=st.integers(0, 5))
    def somebody_removes_a_deployment(self, which: int) -> None:
        deployed = self.world.deployed()
        if deployed:
            remove_deployment(self.world.context, deployed[which % len(deployed)])

    @invariant()
    def no_model_is_lost(self) -> None:
        listed = {row.id for row in self.world.rows()}
        assert {model for model in self.known if model not in self.gone} <= listed

    @invariant()
    def a_model_has_one_pull_and_one_inference(self) -> None:
        running, deployed = self.world.running(), self.world.deployed()
        for row in self.world.rows(kept_only=False):
            pulls = [job for job in running if job.kind == "pull" and job.subject == row.id]
            assert len(pulls) <= 1
            commands = [job.subject for job in running if job.kind == "deploy" and row.id in job.subject]
            assert len(commands) == len(set(commands))
            active = {*commands, *(name for name in deployed if row.id in name)}
            assert active - set(row.ending) <= {row.inference}

    @invariant()
    def a_secret_has_its_model(self) -> None:
        secrets = {path.name for path in (self.home / "state" / "secrets").glob("model-*")}
        assert secrets <= {row.id for row in self.world.rows(kept_only=False) if row.stage != "deleted"}

    def teardown(self) -> None:
        """What is begun comes to its end when the API starts again."""
        if not hasattr(self, "world"):
            return
        try:
            assert resume_models(self.world.context) == ()
            rows = self.world.rows(kept_only=False)
            kept = {row.id: row for row in rows if row.stage == "kept"}
            assert {row.stage for row in rows} <= {"kept", "deleted"}
            secrets = {path.name for path in (self.home / "state" / "secrets").glob("model-*")}
            assert secrets <= set(kept)
            wanted = {row.inference for row in kept.values()} - {""}
            assert set(self.world.deployed()) <= wanted
            assert {job.subject for job in self.world.running()} <= {*kept, *wanted}
            assert all(not row.ending for row in rows)
        finally:
            for lock in self.world.locks.values():
                lock.release()
            RUNNING.clear()
            shutil.rmtree(self.home)


TestPlaygroundMachine = pytest.mark.slow(PlaygroundMachine.TestCase)
TestPlaygroundMachine.settings = profile(stateful_step_count=25)
