"""What drops its environment, its parent and its session is still found: by the cgroup that it was started in.

The kernel decides whether a cgroup can be made, so most of this is tried for real, and skipped where it cannot; where
root may write to cgroup v2 there is no excuse.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hostile_house import (
    CLOCK,
    Make,
    deployments,
    eventually,
    observe,
    processes_of,
    record,
    remove,
    start,
    stop,
    wait,
)

from modelscan.deployments.files import files_of
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.cgroup import cgroup_of, deployment_named, own_cgroup, remove_cgroup
from modelscan.system.processes.identity import (
    STATE_TAG,
    TAG,
    Process,
    environment,
    find,
    is_alive,
    read_stat,
    send,
    tagged_as,
)
from modelscan.system.processes.spawn import spawn

ID, OTHER = "0123456789abcdef" * 2, "f" * 32
NOBODY = 65534


@pytest.fixture
def cgroups() -> Path:
    """Where cgroups are made, for a test that needs real ones."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    must = os.geteuid() == 0 and any(kind == "cgroup2" and "rw" in how.split(",") for _, _, kind, how, *_ in mounts)
    place = own_cgroup()
    if place is None:
        assert not must
        pytest.skip("no cgroup can be made here")
    return place


@pytest.fixture
def naked(settings: Settings, make: Make, cgroups: Path) -> Iterator[tuple[Deployment, Process]]:
    """A deployment whose supervisor was killed, and the worker that has nothing left by which it could be known."""
    made = wait(start(make("naked"), settings=settings, clock=CLOCK), settings=settings, clock=CLOCK, timeout=20)
    eventually(lambda: [one for one in processes_of(made) if not environment(one.pid)])
    (worker,) = (one for one in processes_of(made) if not environment(one.pid))
    supervisor = live_supervisor(files_of(settings.paths, made.id).lock, made.id)
    assert supervisor is not None
    stat = read_stat(worker.pid)
    assert stat is not None
    assert (stat.parent, os.getpgid(worker.pid)) == (supervisor.pid, worker.pid)
    send(supervisor, signal.SIGKILL)
    eventually(lambda: not is_held(files_of(settings.paths, made.id).lock))
    yield made, worker
    assert not is_alive(worker)
    assert not (cgroups / f"modelscan-{made.id}").exists()


def stopped(settings: Settings, made: Deployment) -> None:
    assert stop(made, settings=settings, clock=CLOCK).status == "stopped"


def removed(settings: Settings, made: Deployment) -> None:
    remove(made, settings=settings, clock=CLOCK)


def started(settings: Settings, made: Deployment) -> None:
    start(made, settings=settings, clock=CLOCK)
    stop(made, settings=settings, clock=CLOCK)


def reaped(settings: Settings, made: Deployment) -> None:
    assert {orphan.name for orphan in deployments(settings).orphans()} == {"demo"}
    assert deployments(settings).reap() == ()


def reaped_without_records(settings: Settings, made: Deployment) -> None:
    settings.paths.database_file.rename(settings.paths.state / "elsewhere")
    settings.paths.database_file.write_bytes(b"not a database")
    try:
        assert {orphan.deployment for orphan in deployments(settings).orphans()} == {made.id}
        assert deployments(settings).reap() == ()
    finally:
        (settings.paths.state / "elsewhere").rename(settings.paths.database_file)


@pytest.mark.parametrize("end", [stopped, removed, started, reaped, reaped_without_records])
@pytest.mark.slow
def test_after_a_killed_supervisor_it_is_found_and_ended(
    end: Callable[[Settings, Deployment], None], settings: Settings, naked: tuple[Deployment, Process]
) -> None:
    made, worker = naked
    eventually(lambda: processes_of(made) == {worker})  # the others were told by the kernel
    shown = observe(record(settings, made), paths=settings.paths, clock=CLOCK)
    assert shown.last_error == "its supervisor was killed; 1 process is left, and `modelscan stop demo` ends them"
    with subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"], env={}) as bystander:
        end(settings, made)
        assert bystander.poll() is None
        bystander.kill()


@pytest.mark.parametrize("trials", [2, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_whenever_its_supervisor_is_killed_nothing_is_left(
    trials: int, settings: Settings, make: Make, cgroups: Path
) -> None:
    """From before the cgroup is made until long after the worker has left everything else behind."""
    chance = random.Random(trials)  # noqa: S311  repeatable, not secret
    made = make("naked")
    group = cgroups / f"modelscan-{made.id}"
    for _ in range(trials):
        start(made, settings=settings, clock=CLOCK)
        supervisor = live_supervisor(files_of(settings.paths, made.id).lock, made.id)
        assert supervisor is not None
        CLOCK.sleep(chance.uniform(0, 0.6))
        send(supervisor, signal.SIGKILL)
        stopped(settings, made)
        assert not group.exists()  # it could not be removed with a process in it
        assert not files_of(settings.paths, made.id).cgroup.exists()


def test_a_worker_that_changes_its_tag_belongs_to_its_deployment_too(cgroups: Path, tmp_path: Path) -> None:
    identity, other = uuid.uuid4().hex, uuid.uuid4().hex
    group = cgroups / f"modelscan-{identity}"
    group.mkdir()
    child = spawn(["/bin/sleep", "60"], env={TAG: other, STATE_TAG: str(tmp_path)}, folder=tmp_path, cgroup=group)
    try:
        assert tagged_as(identity) == tagged_as(other) == {find(child.pid)}
    finally:
        child.kill()
        child.communicate()
        remove_cgroup(group)


@pytest.mark.slow
def test_with_its_supervisor_it_ends_like_any_other(settings: Settings, make: Make, cgroups: Path) -> None:
    made = wait(start(make("naked"), settings=settings, clock=CLOCK), settings=settings, clock=CLOCK, timeout=20)
    group = cgroups / f"modelscan-{made.id}"
    assert files_of(settings.paths, made.id).cgroup.read_text() == str(group)
    eventually(lambda: len(processes_of(made)) == 3)
    ours = processes_of(made)
    assert {int(pid) for pid in (group / "cgroup.procs").read_text().split()} == {one.pid for one in ours}
    stopped(settings, made)
    assert not [one for one in ours if is_alive(one)]
    assert not group.exists()
    assert not files_of(settings.paths, made.id).cgroup.exists()


def test_a_cgroup_that_is_gone_hinders_nothing(settings: Settings, make: Make) -> None:
    """As after a reboot, or when somebody removed it."""
    made = make("polite")
    files = files_of(settings.paths, made.id)
    files.folder.mkdir(parents=True, exist_ok=True)
    files.cgroup.write_text(f"/sys/fs/cgroup/nowhere/modelscan-{made.id}")
    assert wait(start(made, settings=settings, clock=CLOCK), settings=settings, clock=CLOCK, timeout=20)
    stopped(settings, made)
    files.cgroup.write_text(f"/sys/fs/cgroup/nowhere/modelscan-{made.id}")
    stopped(settings, made)
    assert not files.cgroup.exists()


def test_a_forged_note_gets_no_folder_removed(settings: Settings, make: Make, tmp_path: Path) -> None:
    made = make("polite")
    files = files_of(settings.paths, made.id)
    files.folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "precious" / "empty").mkdir(parents=True)
    files.cgroup.write_text(str(tmp_path / "precious"))
    stopped(settings, made)
    assert (tmp_path / "precious" / "empty").is_dir()


def test_cgroups_of_workers_go_too_and_one_in_use_stays(cgroups: Path, tmp_path: Path) -> None:
    identity = uuid.uuid4().hex
    group = cgroup_of(identity)
    assert group == cgroups / f"modelscan-{identity}"
    (group / "a worker's own").mkdir(parents=True)
    child = spawn(["/bin/sleep", "60"], env={}, folder=tmp_path, cgroup=group)
    try:
        assert tagged_as(identity) == {find(child.pid)}
        remove_cgroup(group)
        assert group.is_dir()
    finally:
        child.kill()
        child.communicate()
    assert tagged_as(identity) == set()
    remove_cgroup(group)
    assert not group.exists()
    remove_cgroup(group)


WITHOUT_ROOT = """
import json, os, sys
from pathlib import Path
from modelscan.system.processes.cgroup import cgroup_of, enter_cgroup, own_cgroup, remove_cgroup
from modelscan.system.processes.identity import tagged_as
from modelscan.system.processes.spawn import spawn

place, identity, user = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
enter_cgroup(place)
os.setgroups([])
os.setgid(user)
os.setuid(user)
made = cgroup_of(identity)
if made:
    made.mkdir()
child = spawn(["/bin/sleep", "60"], env={}, folder=Path("/"), cgroup=made)
found = [process.pid for process in tagged_as(identity)] == [child.pid]
child.kill()
child.communicate()
if made:
    remove_cgroup(made)
print(json.dumps({"own": str(own_cgroup()), "made": str(made), "found": found, "left": os.listdir(place)}))
"""


@pytest.mark.parametrize("delegated", [True, False])
def test_without_root_by_delegation_only(delegated: bool, cgroups: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can take the place of another user")
    identity = uuid.uuid4().hex
    place = cgroups / f"delegated-{identity}"
    place.mkdir()
    try:
        if delegated:
            os.chown(place, NOBODY, NOBODY)
            os.chown(place / "cgroup.procs", NOBODY, NOBODY)
        argv = [sys.executable, "-c", WITHOUT_ROOT, str(place), identity, str(NOBODY)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert [name for name in told.pop("left") if name.startswith("modelscan")] == []
        assert told == {
            "own": str(place) if delegated else "None",
            "made": str(place / f"modelscan-{identity}") if delegated else "None",
            "found": delegated,
        }
    finally:
        place.rmdir()


@pytest.mark.parametrize(
    ("groups", "named"),
    [
        (f"0::/user.slice/modelscan-{ID}\n", ID),
        (f"2:cpu:/\n0::/modelscan-{ID}/a worker's own\n", ID),
        (f"0::/modelscan-{OTHER}/modelscan-{ID}\n", ID),
        (f"0::/modelscan-{ID} (deleted)\n", ID),
        (f"0::/../other/modelscan-{ID}\n", ID),
        (f"1:name=systemd:/modelscan-{ID}\n0::/\n", None),
        ("0::/system.slice/modelscan-gateway.service\n", None),
        (f"0::/modelscan-{ID}ab\n", None),
        (f"0::/my-modelscan-{ID}\n", None),
        ("0::/modelscan-..\n", None),
        ("", None),
    ],
)
def test_the_name_of_a_cgroup_is_a_tag(groups: str, named: str | None) -> None:
    assert deployment_named(groups.encode()) == named


V2 = "31 23 0:38 {root} {point} rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "32 23 0:29 / {point} rw,relatime - cgroup cgroup rw,cpu"


@pytest.mark.parametrize(
    ("groups", "mount", "root", "found"),
    [
        ("0::/", V2, "/", ""),
        ("4:memory:/x\n0::/user.slice/app.scope", V2, "/", "user.slice/app.scope"),
        ("0::/docker/1a/sub", V2, "/docker/1a", "sub"),
        ("0::/elsewhere", V2, "/docker/1a", None),
        ("0::/../sibling", V2, "/", None),
        ("0::/not/there", V2, "/", None),
        ("4:memory:/user.slice/app.scope", V1, "/", None),
        ("0::/", V1, "/", None),
        ("", V2, "/", None),
    ],
)
def test_where_a_cgroup_can_be_made(groups: str, mount: str, root: str, found: str | None, tmp_path: Path) -> None:
    point, proc = tmp_path / "the mount", tmp_path / "proc"
    proc.mkdir()
    for folder in ("", "user.slice/app.scope", "sub"):
        (point / folder).mkdir(parents=True)
        (point / folder / "cgroup.procs").touch()
    (proc / "cgroup").write_text(groups + "\n")
    (proc / "mountinfo").write_text(
        "23 1 0:1 / / rw - ext4 /dev/root rw\n" + mount.format(root=root, point=str(point).replace(" ", "\\040")) + "\n"
    )
    assert own_cgroup(proc) == (None if found is None else point / found)
    assert cgroup_of(ID, proc) == (None if found is None else point / found / f"modelscan-{ID}")


def test_without_proc_there_is_none(tmp_path: Path) -> None:
    assert own_cgroup(tmp_path) is None


@pytest.mark.slow
def test_where_none_can_be_made_all_else_is_as_ever(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs none /sys/fs/cgroup && exec {sys.executable} without_cgroup.py {tmp_path}"
    inside = ["unshare", "-rm", "sh", "-c", mount]  # a mount of our own, gone with the process
    tried = subprocess.run([*inside[:-1], mount.partition(" && ")[0]], check=False, capture_output=True)
    if tried.returncode != 0:
        pytest.skip("no user namespaces here")
    done = subprocess.run(inside, cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "cgroup": None,
        "tagged": 2,  # its api and its core
        "stopped with its supervisor": "stopped",
        "killed": "its supervisor was killed, and the backend ended with it",
        "stopped without": "stopped",
        "survived": 1,  # as docs/supervision.md says
    }
