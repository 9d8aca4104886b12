"""Start, ready, stop, kill: what the commands see, whatever the backend does, and that nothing is ever left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_house import (
    CLOCK,
    Make,
    alter,
    eventually,
    names_of,
    observe,
    processes_of,
    record,
    remove,
    start,
    stop,
    wait,
)

from modelscan.dataclasses import replace
from modelscan.deployments.commanding import command
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.errors import BackendFailed, Conflict, InterruptedBefore, TimedOut
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.identity import Process, send
from modelscan.system.processes.ports import is_free
from modelscan.targets.local.orphans import find_orphans, reap_orphans
from modelscan.targets.local.start import SUPERVISOR
from modelscan.targets.local.stop import AFTER_GRACE_SECONDS
from modelscan.targets.pace import pace_of


def up(deployment: Deployment, settings: Settings) -> Deployment:
    started = start(deployment, settings=settings, clock=CLOCK)
    return wait(started, settings=settings, clock=CLOCK, timeout=20)


def now(deployment: Deployment, settings: Settings) -> Deployment:
    return observe(record(settings, deployment), paths=settings.paths, clock=CLOCK)


def supervisor_of(deployment: Deployment, settings: Settings) -> Process:
    found = live_supervisor(files_of(settings.paths, deployment.id).lock, deployment.id)
    assert found is not None
    return found


def test_one_that_ended_after_its_record_was_read_is_not_called_killed(settings: Settings, make: Make) -> None:
    made = make()
    with Store(settings.paths) as store:
        read = alter(store, made.id, status="starting")
        alter(store, made.id, status="failed", last_error="it said why")  # then its supervisor let its lock go
    assert observe(read, paths=settings.paths, clock=CLOCK).last_error == "it said why"


@pytest.mark.parametrize(
    "mode", ["polite", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("newsession", "deaf"))]
)
def test_ready_then_stopped_with_nothing_left(mode: str, settings: Settings, make: Make) -> None:
    made = make(mode)
    started = start(made, settings=settings, clock=CLOCK)
    assert started.status == "starting"
    seen: list[tuple[str, str | None]] = []
    ready = wait(
        started, settings=settings, clock=CLOCK, timeout=20, on_change=lambda it: seen.append((it.status, it.phase))
    )
    assert seen[0][0] == "starting"
    assert seen[-1] == ("ready", None)
    assert ready.measured.ttft_ms is not None
    assert ready.measured.decode_tokens_per_second is not None
    assert ready.memory.measured_bytes is not None
    assert len(processes_of(made)) == 3
    assert not is_free(made.port or 0)
    stopped = stop(ready, settings=settings, clock=CLOCK)
    assert (stopped.status, stopped.pid) == ("stopped", None)
    assert processes_of(made) == set()
    assert is_free(made.port or 0)
    assert now(made, settings) == stopped


@pytest.mark.parametrize("mode", ["newsession"])
def test_the_backend_is_killed(mode: str, settings: Settings, make: Make) -> None:
    ready = up(make(mode), settings)
    os.kill(ready.pid or 0, signal.SIGKILL)
    failed = wait(ready, settings=settings, clock=CLOCK, until="stopped", timeout=10)
    assert (failed.status, failed.message) == ("failed", "vLLM was killed by SIGKILL")
    assert failed.last_error == "vLLM ended: it was killed with SIGKILL"  # nobody says that memory ran out
    assert failed.last_error
    eventually(lambda: not is_held(files_of(settings.paths, ready.id).lock))
    assert processes_of(ready) == set()
    again = up(ready, settings)
    assert (again.status, again.last_error) == ("ready", None)


@pytest.mark.parametrize("mode", ["polite", "newsession", "deaf"])
@pytest.mark.slow
def test_the_supervisor_is_killed(mode: str, settings: Settings, make: Make) -> None:
    ready = up(make(mode), settings)
    send(supervisor_of(ready, settings), signal.SIGKILL)
    eventually(lambda: not is_held(files_of(settings.paths, ready.id).lock))
    shown = now(ready, settings)
    assert (shown.status, shown.message) == ("failed", "its supervisor was killed")
    if mode == "polite":
        eventually(lambda: not processes_of(ready))  # the parent-death signal alone was enough
    if mode == "deaf":
        again = up(ready, settings)  # ends what is left over first
        assert (again.status, len(processes_of(ready))) == ("ready", 3)
    assert stop(ready, settings=settings, clock=CLOCK).status == "stopped"
    assert processes_of(ready) == set()


@pytest.mark.slow
def test_orphans_are_found_and_reaped_and_live_ones_are_not(settings: Settings, make: Make) -> None:
    dead, alive = up(make("deaf"), settings), up(make("polite", name="other"), settings)
    send(supervisor_of(dead, settings), signal.SIGKILL)
    eventually(lambda: not is_held(files_of(settings.paths, dead.id).lock))
    with Store(settings.paths) as store:
        assert {(item.deployment, item.name) for item in find_orphans(names_of(store), settings.paths)} == {
            (dead.id, "demo")
        }
        assert reap_orphans(names_of(store), settings.paths, linger=2.0, clock=CLOCK) == ()
        assert find_orphans(names_of(store), settings.paths) == ()
    assert processes_of(dead) == set()
    assert len(processes_of(alive)) == 3
    assert now(alive, settings).status == "ready"


def test_a_forged_record_gets_nobody_killed(settings: Settings, make: Make) -> None:
    ready = up(make("polite"), settings)
    send(supervisor_of(ready, settings), signal.SIGKILL)
    eventually(lambda: not processes_of(ready))
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"]) as bystander:
        with Store(settings.paths) as store:
            alter(store, ready.id, pid=bystander.pid, supervisor_pid=bystander.pid)
        files_of(settings.paths, ready.id).lock.write_text(
            f'{{"pid": {bystander.pid}, "start_time": 1, "boot_id": "x"}}'
        )
        assert stop(ready, settings=settings, clock=CLOCK).status == "stopped"
        assert bystander.poll() is None
        bystander.kill()


def test_after_a_reboot_it_is_stopped_and_starts_again(settings: Settings, make: Make) -> None:
    ready = up(make("polite"), settings)
    stop(ready, settings=settings, clock=CLOCK)
    with Store(settings.paths) as store:
        alter(store, ready.id, status="starting")
        alter(store, ready.id, status="ready", boot_id="another boot", pid=1, pid_start_time=1)
    shown = now(ready, settings)
    assert (shown.status, shown.message, shown.pid) == ("stopped", "the machine was restarted", None)
    assert up(shown, settings).status == "ready"


def test_a_command_that_died_before_the_supervisor_is_told_and_taken_up(settings: Settings, make: Make) -> None:
    made = make("polite", status="pulling")
    with command(made.id, settings.paths, clock=CLOCK):
        assert now(made, settings).status == "pulling"
    shown = now(made, settings)
    assert (shown.status, shown.message) == ("failed", "interrupted")
    assert up(made, settings).status == "ready"


def test_a_start_that_died_before_the_supervisor_had_its_lock(settings: Settings, make: Make) -> None:
    made = make("polite")
    with Store(settings.paths) as store:
        alter(store, made.id, status="starting")
    assert stop(made, settings=settings, clock=CLOCK).status == "stopped"


COMMAND = """
import os, signal, sys
from pathlib import Path
from modelscan.system.clock import SystemClock
from modelscan.targets.deployments import Deployments
from modelscan.targets.site import site_of
from modelscan.settings.reading import Settings
from modelscan.storage.paths import paths_below

settings = Settings(paths=paths_below(Path(sys.argv[1])), environ={"PATH": os.environ["PATH"]})
deployments = Deployments(site_of(settings, SystemClock()))
deployments.start(deployments.find("demo").id)
os.killpg(os.getpgrp(), signal.Signals(int(sys.argv[2])))
"""


@pytest.mark.parametrize("end", [signal.SIGHUP, signal.SIGKILL])
@pytest.mark.slow
def test_a_closed_terminal_or_a_killed_command_does_not_end_the_start(
    end: signal.Signals, settings: Settings, make: Make
) -> None:
    made = make("polite")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, str(settings.paths.state.parent), str(int(end))],
        env=environ,
        start_new_session=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == -end
    assert wait(made, settings=settings, clock=CLOCK, timeout=20).status == "ready"


def test_one_that_was_never_prepared_is_refused(settings: Settings, make: Make) -> None:
    made = make("polite")
    with Store(settings.paths) as store:
        alter(store, made.id, argv=())
    with pytest.raises(InterruptedBefore):
        start(made, settings=settings, clock=CLOCK)


def test_start_of_what_runs_changes_nothing(settings: Settings, make: Make) -> None:
    ready = up(make("polite"), settings)
    again = start(ready, settings=settings, clock=CLOCK)
    assert (again.status, again.pid) == ("ready", ready.pid)


@pytest.mark.slow
def test_stop_while_it_starts_and_while_it_hangs(settings: Settings, make: Make) -> None:
    for mode in ("never-ready", "mute"):
        made = make(mode, name=mode)
        start(made, settings=settings, clock=CLOCK)
        with pytest.raises(TimedOut):
            wait(made, settings=settings, clock=CLOCK, timeout=0.5)
        assert stop(made, settings=settings, clock=CLOCK).status == "stopped"
        assert processes_of(made) == set()


@pytest.mark.slow
def test_a_supervisor_that_does_not_react_is_killed(settings: Settings, make: Make) -> None:
    ready = up(make("newsession"), settings)
    send(supervisor_of(ready, settings), signal.SIGSTOP)
    hasty = replace(ready, stop_grace_seconds=0.3 - AFTER_GRACE_SECONDS)
    with Store(settings.paths) as store:
        alter(store, ready.id, stop_grace_seconds=hasty.stop_grace_seconds)
    assert stop(hasty, settings=settings, clock=CLOCK).status == "stopped"
    assert processes_of(ready) == set()


def test_remove_frees_name_and_port_and_logs(settings: Settings, make: Make) -> None:
    ready = up(make("polite"), settings)
    gone = remove(ready, settings=settings, clock=CLOCK)
    assert gone.removed_at is not None
    assert not files_of(settings.paths, ready.id).folder.exists()
    with pytest.raises(Conflict, match="was removed in the meantime"):
        start(ready, settings=settings, clock=CLOCK)
    make("polite", port=ready.port)


def test_a_taken_port_that_the_user_fixed_is_refused_before_anything_starts(settings: Settings, make: Make) -> None:
    made = make("polite", request={"port": 1})
    with socket.socket() as server:
        server.bind(("127.0.0.1", made.port or 0))
        server.listen()
        with pytest.raises(Conflict) as refused:
            start(made, settings=settings, clock=CLOCK)
    assert refused.value.details["pid"] == os.getpid()
    assert record(settings, made).status == "pending"


def test_a_supervisor_that_cannot_start_is_told(settings: Settings, make: Make) -> None:
    made = make("polite")
    broken = (sys.executable, "-c", "raise SystemExit('no such luck')")
    with pytest.raises(BackendFailed) as failed:
        start(made, settings=settings, clock=CLOCK, supervisor=broken)
    assert failed.value.cause == ("no such luck",)
    assert now(made, settings).last_error == "its supervisor did not start: no such luck"


def test_a_late_supervisor_finds_the_deployment_stopped_and_leaves(settings: Settings, make: Make) -> None:
    made = make("polite")
    supervisor = ("--state", str(settings.paths.state), "--id", made.id, "--pace", pace_of(settings).written())
    environ = {"MODELSCAN_SUPERVISOR": made.id}
    src = str(files_of.__code__.co_filename).split("/modelscan/")[0]
    done = subprocess.run([*SUPERVISOR, *supervisor], env=environ, cwd=src, check=False, timeout=20)
    assert done.returncode == 0
    assert record(settings, made).status == "pending"
    assert processes_of(made) == set()


def test_a_taken_port_that_was_only_chosen_is_moved_on_until_it_was_ready_there(settings: Settings, make: Make) -> None:
    made = make("polite")
    with socket.socket() as server:
        server.bind(("127.0.0.1", made.port or 0))
        server.listen()
        moved = up(made, settings)
    assert moved.port is not None
    assert moved.port != made.port
    assert moved.openai_base_url == f"http://127.0.0.1:{moved.port}/v1"
    assert str(moved.port) in moved.argv
    with Store(settings.paths) as store:
        said = [event.message for event in store.events(made.id) if event.kind == "moved"]
    assert said == [f"port {made.port} was in use by another program: moved to {moved.port}"]
    stop(moved, settings=settings, clock=CLOCK)
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", moved.port))
        server.listen()
        with pytest.raises(Conflict, match=f"port `{moved.port}` is already in use"):
            start(moved, settings=settings, clock=CLOCK)


@pytest.mark.slow
def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    mount = f"mount -t tmpfs -o size=2m none {tmp_path}/state && exec {sys.executable} full_disk.py {tmp_path}"
    inside = ["unshare", "-rm", "sh", "-c", mount]  # a mount of our own, gone with the process
    if subprocess.run([*inside[:2], "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no user namespaces here")
    done = subprocess.run(inside, cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "while full": "ready",
        "a command": "storage_failed",
        "killed while full": "failed",
        "after": "ready",
        "stopped": "stopped",
        "left": 0,
    }


@pytest.mark.parametrize("noticed_by", ["a look", "stop"])
def test_a_key_that_a_killed_supervisor_left_goes_when_that_is_noticed(
    noticed_by: str, settings: Settings, make: Make
) -> None:
    settings = replace(settings, environ={**settings.environ, "MY_KEY": "sk-planted-key"})
    made = make("never-ready", backend="sglang", api_key_env="MY_KEY")
    started = start(made, settings=settings, clock=CLOCK)
    key = files_of(settings.paths, made.id).folder / "key.yaml"
    eventually(key.is_file)
    assert now(started, settings).status == "starting"
    assert key.is_file()
    send(supervisor_of(started, settings), signal.SIGKILL)
    eventually(lambda: not is_held(files_of(settings.paths, made.id).lock))
    assert key.is_file()
    if noticed_by == "stop":
        stop(started, settings=settings, clock=CLOCK)
    else:
        assert now(started, settings).status == "failed"
    assert not key.exists()
