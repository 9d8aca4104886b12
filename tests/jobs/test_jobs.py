"""Jobs: commands that outlive who began them, are heard, cancelled and, when their runner is killed, known for it."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan
from tests.jobs.conftest import Ended

from modelscan.errors import NotFound
from modelscan.jobs.cancel import cancel_job
from modelscan.jobs.files import job_files
from modelscan.jobs.job import Job
from modelscan.jobs.now import job_events, job_now, jobs_now
from modelscan.jobs.start import start_job
from modelscan.jobs.store import JOBS_KEPT, JobStore
from modelscan.selecting.context import Context
from modelscan.storage.documents import to_document
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.identity import Process, descendants, is_alive, read_stat, send, tagged


def runner_of(context: Context, job: Job) -> Process:
    """Once it has begun."""
    lock = job_files(context.settings.paths, job.id).lock
    deadline = context.clock.monotonic() + 30
    while (found := live_supervisor(lock, job.id)) is None:
        assert context.clock.monotonic() < deadline, job_now(context, job.id)
        context.clock.sleep(0.02)
    return found


def children_of(runner: Process) -> set[Process]:
    """Its command; what that starts may be a deployment's, and live on."""
    return {
        process for process in descendants(runner.pid) if (stat := read_stat(process.pid)) and stat.parent == runner.pid
    }


def command_of(context: Context, runner: Process) -> set[Process]:
    """Once there is one."""
    deadline = context.clock.monotonic() + 30
    while not (found := children_of(runner)):
        assert context.clock.monotonic() < deadline
        context.clock.sleep(0.01)
    return found


def until_gone(context: Context, processes: set[Process]) -> None:
    deadline = context.clock.monotonic() + 30
    while any(map(is_alive, processes)):
        assert context.clock.monotonic() < deadline
        context.clock.sleep(0.05)


@pytest.mark.usefixtures("vllm")
def test_a_deployment_is_deployed_stopped_and_removed_by_jobs(context: Context, ended: Ended) -> None:
    deployed = ended(start_job(context, kind="deploy", subject="demo", argv=("deploy", "demo")))
    assert (deployed.status, deployed.exit_status, deployed.error) == ("done", 0, None), deployed
    assert (deployed.result["status"], deployed.message) == ("ready", "demo is ready")
    kinds = [event.kind for event in job_events(context, deployed.id)]
    assert (kinds[0], kinds[-1]) == ("running", "done")
    assert {"hardware", "choice", "backend", "source", "starting", "phase", "ready"} <= {*kinds}
    stopped = ended(start_job(context, kind="stop", subject="demo", argv=("stop", "demo")))
    assert (stopped.status, stopped.result[0]["status"]) == ("done", "stopped")
    removed = ended(start_job(context, kind="remove", subject="demo", argv=("remove", "demo")))
    assert (removed.status, removed.result[0]["name"]) == ("done", "demo")
    assert [job.kind for job in jobs_now(context)] == ["remove", "stop", "deploy"]
    folder = job_files(context.settings.paths, deployed.id).folder
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {"lock": 0o600, "log": 0o600}
    assert (folder / "log").read_text() == ""


def test_a_command_that_fails_says_why(context: Context, ended: Ended) -> None:
    job = ended(start_job(context, kind="start", subject="nobody", argv=("start", "--", "--all")))
    assert (job.status, job.exit_status) == ("failed", 3)
    assert to_document(job.error) == snapshot(
        {
            "code": "deployment_not_found",
            "message": "there is no deployment `--all`",
            "hints": ["modelscan list"],
            "details": {"near": []},
        }
    )
    assert [(event.kind, event.message) for event in job_events(context, job.id)] == snapshot(
        [("running", None), ("failed", "there is no deployment `--all`")]
    )
    with pytest.raises(NotFound):
        job_now(context, "job-none0")
    with pytest.raises(NotFound):
        job_events(context, "job-none0")


def test_a_secret_is_in_the_environment_and_nowhere_else(context: Context, ended: Ended, home: Path) -> None:
    planted = "hf_planted0123456789"
    job = start_job(context, kind="pull", subject="demo", argv=("pull", "no/such"), secrets={"HF_TOKEN": planted})
    runner = runner_of(context, job)
    words = Path(f"/proc/{runner.pid}/cmdline").read_bytes()
    assert planted.encode() in Path(f"/proc/{runner.pid}/environ").read_bytes()
    assert planted.encode() not in words
    assert ended(job).status == "failed"
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if planted.encode() in path.read_bytes()] == []


def test_a_cancelled_start_leaves_nothing_running(
    context: Context, folder: Path, modelscan: Modelscan, home: Path, vllm: Path
) -> None:
    (folder / "mood").write_text("silent")
    job = start_job(context, kind="deploy", subject="tiny", argv=("deploy", str(folder)))
    runner = runner_of(context, job)
    while not [item for item in tagged() if item.state == str(home / "state")]:
        context.clock.sleep(0.05)
    cancelled = cancel_job(context, job.id, timeout=60)
    assert (cancelled.status, cancelled.exit_status, cancelled.error["code"]) == ("cancelled", 130, "interrupted")
    assert modelscan("list", "--json").json[0]["status"] == "stopped"
    assert not [item for item in tagged() if item.state == str(home / "state")]
    until_gone(context, {runner})
    assert cancel_job(context, job.id) == cancelled


def test_a_job_is_cancelled_in_its_first_moment(context: Context) -> None:
    job = start_job(context, kind="refresh", subject="catalogs", argv=("catalog", "search", "qwen"))
    assert cancel_job(context, job.id, timeout=60).status == "cancelled"


@pytest.mark.parametrize("moment", ["begun", "starting"])
@pytest.mark.slow
def test_a_killed_runner_takes_its_command_with_it(
    context: Context, folder: Path, home: Path, vllm: Path, modelscan: Modelscan, moment: str
) -> None:
    (folder / "mood").write_text("silent")
    job = start_job(context, kind="deploy", subject="tiny", argv=("deploy", str(folder)))
    runner = runner_of(context, job)
    command = command_of(context, runner)
    while moment == "starting" and not [item for item in tagged() if item.state == str(home / "state")]:
        context.clock.sleep(0.05)
    os.kill(runner.pid, signal.SIGKILL)
    until_gone(context, {runner, *command})
    now = job_now(context, job.id)
    assert (now.status, now.error["code"], now.exit_status) == ("failed", "interrupted", None)
    assert now.ended_at is not None
    assert not [item for item in tagged() if item.state == str(home / "state")]
    assert [item["status"] for item in modelscan("list", "--json").json] in ([], ["stopped"], ["failed"])


@pytest.mark.slow
def test_runners_that_are_killed_at_any_moment(
    context: Context, folder: Path, home: Path, vllm: Path, modelscan: Modelscan
) -> None:
    """Each round a little later, from the first moment to a deployment that is ready: the job is never left running,
    and nothing runs that no record knows.
    """
    rounds = int(os.environ.get("KILL_ROUNDS", "20"))
    for number in range(rounds):
        job = start_job(context, kind="deploy", subject="tiny", argv=("deploy", str(folder), "--replace"))
        runner = runner_of(context, job)
        context.clock.sleep(number * 4.0 / rounds)
        command = children_of(runner)
        send(runner, signal.SIGKILL)
        until_gone(context, {runner, *command})
        assert job_now(context, job.id).status in {"failed", "done"}
        known = {item["id"]: item["status"] for item in modelscan("list", "--json").json}
        running = {item.deployment for item in tagged() if item.state == str(home / "state")}
        assert running <= {key for key, status in known.items() if status in {"starting", "ready"}}, (number, known)
    assert len(jobs_now(context)) == rounds


def test_a_job_that_was_never_spawned_is_interrupted(context: Context) -> None:
    job = Job(id="job-00000", kind="pull", subject="demo", argv=("pull", "demo"), created_at="2026-11-30T12:00:00Z")
    with JobStore(context.settings.paths) as store:
        assert store.create(job)
        assert not store.create(job)
    [now] = jobs_now(context)
    assert to_document(now.error) == snapshot(
        {
            "code": "interrupted",
            "message": "its runner was killed, and the command with it",
            "hints": ["modelscan pull demo"],
            "details": {},
        }
    )
    assert [(event.number, event.kind) for event in job_events(context)] == [(1, "running"), (2, "failed")]
    assert [event.kind for event in job_events(context, after=1)] == ["failed"]


def test_the_newest_are_kept_and_those_that_run(context: Context) -> None:
    with JobStore(context.settings.paths) as store:
        for number in range(JOBS_KEPT + 3):
            job = Job(
                id=f"job-{number:05}",
                kind="pull",
                subject="demo",
                argv=("pull", "demo"),
                status="running" if number == 1 else "done",
                created_at="2026-11-30T12:00:00Z",
            )
            assert store.create(job)
        assert sorted(store.forget_old()) == ["job-00000", "job-00002"]
        assert len(store.list()) == JOBS_KEPT + 1
        assert {event.job for event in store.events()} == {job.id for job in store.list()}


def test_ended_runners_are_collected(context: Context, ended: Ended) -> None:
    """A server that begins jobs for weeks fills no table of processes."""
    first = ended(start_job(context, kind="stop", subject="x", argv=("stop", "x")))
    lock = job_files(context.settings.paths, first.id).lock
    deadline = context.clock.monotonic() + 30
    while is_held(lock):
        assert context.clock.monotonic() < deadline
    pid = json.loads(lock.read_text())["pid"]
    until_gone(context, {Process(pid, json.loads(lock.read_text())["start_time"])})
    ended(start_job(context, kind="stop", subject="x", argv=("stop", "x")))
    assert not Path(f"/proc/{pid}").exists()
