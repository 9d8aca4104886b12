"""The supervisor: what it makes of a backend that dies, lies, floods, hangs or gets well, and how small it is."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile_house import (
    CLOCK,
    HOSTILE,
    Make,
    alter,
    eventually,
    log_of,
    observe,
    processes_of,
    record,
    start,
    stop,
    wait,
)

from modelscan.deployments.document import deployment_of
from modelscan.deployments.files import files_of, last_request_at
from modelscan.deployments.store import Store
from modelscan.errors import BackendFailed
from modelscan.model import Deployment, MeasuredParts
from modelscan.routing.file import write_routes
from modelscan.routing.table import route_to
from modelscan.settings.reading import Settings
from modelscan.storage.logs.log_file import log_files
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.identity import environment
from modelscan.targets.local.start import _import_root
from modelscan.units import MIB

QUICK = (sys.executable, "-E", "-s", "-S", str(Path(__file__).with_name("quick_supervisor.py")))
MEGABYTE = 1000**2


def begin(deployment: Deployment, settings: Settings, *, published: bool = False) -> Deployment:
    return start(deployment, settings=settings, clock=CLOCK, supervisor=QUICK, published=published)


def over(deployment: Deployment, settings: Settings) -> Deployment:
    return wait(deployment, settings=settings, clock=CLOCK, until="stopped", timeout=20)


@pytest.mark.slow
def test_one_whose_layers_do_not_fit_lays_them_out_itself_and_its_parts_are_added_up(
    settings: Settings, make: Make
) -> None:
    made = begin(make("too-many-layers", backend="llamacpp", gpu_indices=(0,), fit="off"), settings)
    ready = wait(made, settings=settings, clock=CLOCK, timeout=20)
    assert ready.status == "ready"
    assert ready.argv[ready.argv.index("--fit") + 1] == "on"
    [change] = ready.adjustments
    assert change == (
        "layers left to llama.cpp, which fits them into the memory that it finds (--fit on) before another try:"
        " the GPU ran out of memory"
    )
    assert ready.memory.measured_bytes == (1024 + 512 + 256) * MIB  # of the GPU, and the last that it said
    assert ready.memory.measured_parts == MeasuredParts(
        weights_bytes=1024 * MIB, kv_cache_bytes=512 * MIB, activations_bytes=256 * MIB
    )


def test_one_that_dies_early_is_explained(settings: Settings, make: Make) -> None:
    made = begin(make("dies-early"), settings)
    with pytest.raises(BackendFailed) as failed:
        wait(made, settings=settings, clock=CLOCK, timeout=20)
    shown = record(settings, made)
    assert shown.status == "failed"
    assert shown.message == "vLLM exited with status 1"
    assert "modelscan logs demo --tail 50" in failed.value.hints
    assert "the hostile backend does not want to" in log_of(settings, made)
    assert shown.restarts == 0


def test_a_program_that_is_not_there(settings: Settings, make: Make) -> None:
    made = make("polite")
    with Store(settings.paths) as store:
        alter(store, made.id, program="/nowhere/vllm")
    begin(made, settings)
    assert over(made, settings).last_error == "`/nowhere/vllm` could not be started: No such file or directory"


def test_when_its_folder_is_removed_it_ends_the_backend(settings: Settings, make: Make) -> None:
    made = wait(begin(make("polite"), settings), settings=settings, clock=CLOCK, timeout=20)
    with Store(settings.paths) as store:
        shutil.rmtree(files_of(settings.paths, made.id).folder)
        eventually(lambda: not processes_of(made))
        eventually(lambda: deployment_of(store.by_id(made.id)).last_error == "its state folder was removed")


@pytest.mark.slow
def test_a_full_disk_costs_log_lines_and_delays_the_record(settings: Settings, make: Make) -> None:
    made = wait(begin(make("flood"), settings), settings=settings, clock=CLOCK, timeout=20)
    supervisor = live_supervisor(files_of(settings.paths, made.id).lock, made.id)
    assert supervisor is not None
    limits = resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no byte more
    os.kill(made.pid or 0, signal.SIGSTOP)
    time.sleep(1.0)
    assert record(settings, made).status == "ready"  # it knows better and cannot say so
    resource.prlimit(supervisor.pid, resource.RLIMIT_FSIZE, limits)
    eventually(lambda: record(settings, made).status == "unhealthy")
    os.kill(made.pid or 0, signal.SIGCONT)
    eventually(lambda: record(settings, made).status == "ready")


@pytest.mark.parametrize(
    ("mode", "stall", "reason"),
    [
        ("never-ready", 1.0, "no progress for 1 s while launching"),
        # Time to get there first, also on a busy machine.
        ("babbling", 3.0, "no progress for 3 s while loading weights"),
        ("mute", 3.0, "no progress for 3 s while generating: /v1/chat/completions: timed out"),
        ("refusing", 20.0, "it responds, but the first request failed: /v1/completions returned 404: no"),
    ],
)
@pytest.mark.slow
def test_one_that_never_gets_ready_is_given_up(
    mode: str, stall: float, reason: str, settings: Settings, make: Make
) -> None:
    made = begin(make(mode, stall_timeout_seconds=stall, workers=0), settings)
    failed = over(made, settings)
    assert (failed.status, failed.last_error) == ("failed", reason)
    eventually(lambda: not processes_of(made))


FAILED = "it responds, but the first request failed:"


@pytest.mark.parametrize(
    ("task", "path"),
    [
        ("chat", "/v1/chat/completions"),
        pytest.param("embed", "/v1/embeddings", marks=pytest.mark.slow),
        pytest.param("rerank", "/v1/rerank", marks=pytest.mark.slow),
        pytest.param("speech-to-text", "/v1/audio/transcriptions", marks=pytest.mark.slow),
        pytest.param("text-to-image", "/v1/images/generations", marks=pytest.mark.slow),
    ],
)
def test_one_that_is_healthy_and_fails_at_work_is_not_ready(
    task: str, path: str, settings: Settings, make: Make
) -> None:
    made = begin(make("failing", task=task, workers=0), settings)
    failed = over(made, settings)
    assert (failed.status, failed.last_error) == ("failed", "vLLM has no CPU kernel for attention heads of size 16")
    assert failed.ready_at is None
    with Store(settings.paths) as store:
        error = store.by_id(made.id).status.error
    assert error is not None
    assert error.evidence == f"{FAILED} {path} returned 500: EngineCore encountered an issue."
    assert error.hints == (
        "run it on a GPU, or with another backend: modelscan backend list",
        "modelscan logs demo --tail 50",
    )


def test_one_that_breaks_at_the_first_request_is_explained_by_its_log(settings: Settings, make: Make) -> None:
    made = begin(make("breaking", task="embed", workers=0), settings)
    assert over(made, settings).last_error == "vLLM has no CPU kernel for attention heads of size 16"


@pytest.mark.parametrize(
    "task",
    ["embed", *(pytest.param(task, marks=pytest.mark.slow) for task in ("rerank", "speech-to-text", "text-to-image"))],
)
def test_each_kind_of_work_gets_it_ready(task: str, settings: Settings, make: Make) -> None:
    made = begin(make("polite", task=task, workers=0), settings)
    assert wait(made, settings=settings, clock=CLOCK, timeout=20).status == "ready"


@pytest.mark.slow
def test_a_long_start_does_not_look_like_an_old_probe(settings: Settings, make: Make) -> None:
    made = begin(make("polite"), settings)
    os.utime(files_of(settings.paths, made.id).lock, (0, 0))  # the start was long ago
    seen: set[str] = set()
    while "ready" not in seen:
        seen.add(observe(record(settings, made), paths=settings.paths, clock=CLOCK).status)
    assert seen <= {"starting", "ready"}


def test_without_a_chat_template_it_gets_ready(settings: Settings, make: Make) -> None:
    made = begin(make("no-template"), settings)
    assert wait(made, settings=settings, clock=CLOCK, timeout=20).status == "ready"


def test_with_a_policy_it_is_started_again(settings: Settings, make: Make) -> None:
    made = begin(make("dies-late", restart_policy="on-failure", lasts=0.3), settings)

    def kinds() -> list[str]:
        with Store(settings.paths) as store:
            return [event.kind for event in store.events(made.id) if event.kind != "phase"]

    eventually(lambda: kinds()[:5] == ["pending", "starting", "ready", "starting", "ready"])
    assert record(settings, made).restarts >= 1
    assert stop(made, settings=settings, clock=CLOCK).status == "stopped"


def test_without_a_policy_it_is_not(settings: Settings, make: Make) -> None:
    made = begin(make("dies-late", lasts=0.1), settings)
    failed = over(made, settings)
    assert (failed.status, failed.message, failed.restarts) == ("failed", "vLLM exited with status 1", 0)


def test_a_sick_one_is_unhealthy_and_with_a_policy_restarted(settings: Settings, make: Make) -> None:
    made = begin(make("sick", lasts=0.2, restart_policy="on-failure"), settings)
    eventually(lambda: record(settings, made).status == "unhealthy")
    assert record(settings, made).message == "2 consecutive probes failed"
    eventually(lambda: record(settings, made).restarts == 1)
    assert record(settings, made).last_error == "it did not become healthy within 0 s: 2 consecutive probes failed"


@pytest.mark.slow
def test_a_wedged_one_is_told_from_a_slow_one_and_with_a_policy_restarted(settings: Settings, make: Make) -> None:
    slow = wait(begin(make("slow", name="slow", lasts=0.2), settings), settings=settings, clock=CLOCK, timeout=20)
    wedged = begin(make("wedged", restart_policy="on-failure"), settings)
    eventually(lambda: record(settings, wedged).status == "unhealthy")
    said = record(settings, wedged)
    assert (said.last_probe_ok, said.message) == (True, "wedged: 1 request in flight and no token for 1 s")
    eventually(lambda: record(settings, wedged).restarts == 1)
    assert record(settings, wedged).last_error == (
        "it did not become healthy within 0 s: wedged: 1 request in flight and no token for 1 s"
    )
    with Store(settings.paths) as store:
        assert [event.kind for event in store.events(slow.id) if event.kind != "phase"] == [
            "pending",
            "starting",
            "ready",
        ]


@pytest.mark.slow
def test_one_that_nobody_uses_is_stopped_where_the_user_said_so(settings: Settings, make: Make) -> None:
    used = begin(make("slow", name="used", lasts=0.2, idle_timeout_seconds=1.0), settings)
    idle = begin(make("polite", idle_timeout_seconds=1.0, restart_policy="always"), settings)
    eventually(lambda: record(settings, idle).status == "stopped")
    assert record(settings, idle).message == "it was idle for 1 s"
    assert last_request_at(files_of(settings.paths, idle.id)) is None
    eventually(lambda: last_request_at(files_of(settings.paths, used.id)))
    eventually(lambda: not processes_of(idle))
    assert record(settings, used).status == "ready"


@pytest.mark.slow
def test_one_that_stops_by_itself_takes_itself_off_the_routes(settings: Settings, make: Make) -> None:
    idle = begin(make("polite", idle_timeout_seconds=0.5), settings, published=True)
    write_routes(settings.routing_path, [route_to(idle)])
    eventually(lambda: record(settings, idle).status == "stopped")
    eventually(lambda: f"http://127.0.0.1:{idle.port}" not in settings.routing_path.read_text())


@pytest.mark.slow
def test_the_phases_of_a_start_are_kept_and_foretell_the_next(settings: Settings, make: Make, tmp_path: Path) -> None:
    told = tmp_path / "seen"
    made = make("phases", seen=told)
    seen: dict[str | None, list[Deployment]] = {}

    def see(it: Deployment) -> None:
        seen.setdefault(it.phase, []).append(it)
        told.write_text("\n".join(phase for phase in seen if phase))  # the backend goes on

    for turn in range(2):
        seen.clear()
        told.write_text("")
        begin(made, settings)
        wait(made, settings=settings, clock=CLOCK, timeout=20, on_change=see)
        stop(made, settings=settings, clock=CLOCK)
        foretold = [it.progress.expected_at for it in seen["loading weights"] if it.progress]
        assert all(foretold) if turn else not any(foretold)
        loaded = [it.progress.fraction for it in seen["loading weights"] if it.progress]
        assert loaded == sorted(loaded, key=lambda fraction: fraction or 0)
        assert [phase for phase in seen if phase != "launching"] == [
            "loading weights",
            "compiling",
            "warming up",
            "generating",
            None,
        ]
    with Store(settings.paths) as store:
        [what] = {row["what"] for row in store._connection.execute("SELECT what FROM starts")}
        starts = store.starts(what)
    assert what == "vllm - lab/demo - cpu"
    assert [[phase for phase, _ in start] for start in starts] == [
        ["launching", "loading weights", "compiling", "warming up", "generating"]
    ] * 2
    assert all(0 < seconds < 20 for start in starts for _, seconds in start)


@pytest.mark.slow
def test_one_that_gets_well_is_ready_again(settings: Settings, make: Make) -> None:
    made = wait(begin(make("polite"), settings), settings=settings, clock=CLOCK, timeout=20)
    os.kill(made.pid or 0, signal.SIGSTOP)
    eventually(lambda: record(settings, made).status == "unhealthy")
    os.kill(made.pid or 0, signal.SIGCONT)
    eventually(lambda: record(settings, made).status == "ready")
    shown = observe(record(settings, made), paths=settings.paths, clock=CLOCK)
    assert (shown.message, shown.last_probe_ok) == (None, True)
    assert shown.last_probe_at is not None


def sizes(folder: Path) -> list[int]:
    """Of the files of a log, which goes on turning into the next."""
    found = []
    for path in log_files(folder):
        with contextlib.suppress(FileNotFoundError):
            found.append(path.stat().st_size)
    return found


@pytest.mark.slow
def test_a_flood_is_kept_within_bounds_and_hinders_nothing(settings: Settings, make: Make) -> None:
    made = begin(make("flood"), settings)
    assert wait(made, settings=settings, clock=CLOCK, timeout=20).status == "ready"
    folder = files_of(settings.paths, made.id).folder
    eventually(lambda: len(log_files(folder)) >= 2, 20)
    assert max(sizes(folder)) <= 10 * MEGABYTE
    began = time.monotonic()
    assert stop(made, settings=settings, clock=CLOCK).status == "stopped"
    assert time.monotonic() - began < 5


def test_a_key_is_used_by_the_probe_and_is_nowhere_to_be_read(settings: Settings, make: Make) -> None:
    key = "sk-planted-secret-4711"
    rich = Settings(paths=settings.paths, environ={**settings.environ, "MY_KEY": key})
    made = start(make("polite", api_key_env="MY_KEY"), settings=rich, clock=CLOCK)
    ready = wait(made, settings=rich, clock=CLOCK, timeout=20)
    supervisor = live_supervisor(files_of(rich.paths, made.id).lock, made.id)
    assert supervisor is not None
    for pid in (supervisor.pid, ready.pid or 0):
        assert key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert "HF_TOKEN" not in environment(pid)
    for path in rich.paths.state.rglob("*"):
        assert path.is_dir() or key.encode() not in path.read_bytes(), path


def test_a_stranger_on_the_port_is_never_called_ready(settings: Settings, make: Make) -> None:
    made = make("never-ready", workers=0, request={"port": 1})  # the user fixed it
    begin(made, settings)
    argv = [arg.replace("never-ready", "polite") for arg in made.argv[1:]]
    with subprocess.Popen([sys.executable, *argv]) as stranger:
        try:
            failed = over(made, settings)
        finally:
            stranger.terminate()
    assert failed.status == "failed"
    assert (failed.last_error or "").startswith(f"port `{made.port}` is served by another program: python")
    assert str(stranger.pid) in (failed.last_error or "")


@pytest.mark.slow
def test_a_stranger_that_came_first_is_left_the_port(settings: Settings, make: Make) -> None:
    made = make("polite", delay=1.0)
    begin(made, settings)
    argv = ["-S", str(HOSTILE), "--mode", "polite", "--port", str(made.port), "--workers", "0"]
    with subprocess.Popen([sys.executable, *argv]) as stranger:
        try:
            ready = wait(made, settings=settings, clock=CLOCK, timeout=20)
        finally:
            stranger.terminate()
    assert ready.port != made.port
    assert ready.restarts == 0


def test_a_context_that_does_not_fit_is_made_the_one_that_the_backend_names(settings: Settings, make: Make) -> None:
    plan = {"max_model_len": 4096, "explicit": []}
    made = begin(make("small-cache", max_model_len=4096, plan=plan), settings)
    said: list[str | None] = []
    ready = wait(made, settings=settings, clock=CLOCK, timeout=20, on_change=lambda it: said.append(it.message))
    sentence = (
        "context length reduced from 4096 to 1024 before another try: "
        "the KV cache is too small for a context length of 4096: 1024 fits"
    )
    assert (ready.max_model_len, ready.restarts, ready.adjustments) == (1024, 0, (sentence,))
    assert ready.argv[ready.argv.index("--max-model-len") + 1] == "1024"
    assert sentence in said
    with Store(settings.paths) as store:
        assert [event.kind for event in store.events(made.id) if event.kind != "phase"] == [
            "pending",
            "starting",
            "adjusted",
            "ready",
        ]


def test_a_context_that_the_user_fixed_is_never_changed(settings: Settings, make: Make) -> None:
    plan = {"max_model_len": 4096, "explicit": ["context_length"]}
    failed = over(begin(make("small-cache", max_model_len=4096, plan=plan), settings), settings)
    assert (failed.status, failed.max_model_len, failed.adjustments) == ("failed", 4096, ())
    assert failed.error_suggested == {"context_length": 1024}


@pytest.mark.slow
def test_without_a_command_that_waits_the_supervisor_writes_the_routes(settings: Settings, make: Make) -> None:
    made = begin(make("polite"), settings, published=True)
    eventually(settings.routing_path.exists, 20)
    assert f"http://127.0.0.1:{made.port}" in settings.routing_path.read_text()
    os.kill(record(settings, made).pid or 0, signal.SIGKILL)
    eventually(lambda: f"http://127.0.0.1:{made.port}" not in settings.routing_path.read_text(), 20)


ALLOWED = {
    "modelscan.backends",
    "modelscan.deployments",
    "modelscan.dataclasses",
    "modelscan.errors",
    "modelscan.model",
    "modelscan.parsing",
    "modelscan.routing.marked",
    "modelscan.storage",
}
ALLOWED |= {"modelscan.system.clock", "modelscan.system.processes", "modelscan.targets", "modelscan.units"}


def test_it_imports_the_standard_library_and_light_modules_of_ours() -> None:
    code = (
        "import sys; sys.modules['ssl'] = None; import modelscan.targets.local.supervisor.supervise\n"
        "from modelscan.backends.registry import BACKENDS\n"
        "used = [backend.loaded() for backend in BACKENDS.values()]\n"
        "print(*sys.modules)"
    )
    root = _import_root()
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=20
    )
    modules = set(done.stdout.split())
    foreign = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"modelscan", "__main__"}
    assert foreign == set()
    ours = {name for name in modules if name.startswith("modelscan.")}
    packages = {"modelscan.routing", "modelscan.system"}
    assert {n for n in ours if not any(n == a or n.startswith(f"{a}.") for a in ALLOWED)} - packages == set()
    heavy = {"asyncio", "argparse", "logging", "tempfile", "multiprocessing", "urllib.request", "statistics"}
    assert heavy & modules == set()


def test_it_is_small_and_idle(settings: Settings, make: Make) -> None:
    made = start(make("polite", workers=0), settings=settings, clock=CLOCK)
    wait(made, settings=settings, clock=CLOCK, timeout=20)
    supervisor = live_supervisor(files_of(settings.paths, made.id).lock, made.id)
    assert supervisor is not None
    status = Path(f"/proc/{supervisor.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    assert resident <= 25 * 1024


def test_a_supervisor_of_the_release_before_finds_its_errands(settings: Settings, make: Make) -> None:
    made = make("earlier")
    file = settings.routing_path
    write_routes(file, [route_to(made)])
    assert f"http://127.0.0.1:{made.port}" in file.read_text()
    argv = (sys.executable, "-E", "-s", "-m", "modelscan.deployments.errand", "routes")
    argv = (*argv, "--state", str(settings.paths.state), "--file")
    subprocess.run((*argv, str(file)), check=True, timeout=20, cwd=_import_root())
    assert f"http://127.0.0.1:{made.port}" not in file.read_text()  # it is not ready
