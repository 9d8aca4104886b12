"""A worker that dropped its environment where no cgroup can be made: `python without_cgroup.py HOME`, which prints what
was seen, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from pathlib import Path

from hostile_house import CLOCK, HOSTILE, eventually, free_port, observe, processes_of, record, start, stop, wait

from modelscan.deployments.commanding import claims, command
from modelscan.deployments.document import record_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import paths_below
from modelscan.system.processes.cgroup import own_cgroup
from modelscan.system.processes.identity import Process, descendants, environment, is_alive, send


def main(home: Path) -> None:
    settings = Settings(paths=paths_below(home), environ={"PATH": os.environ["PATH"]})
    port = free_port()
    made = Deployment(
        id=uuid.uuid4().hex,
        name="demo",
        model="lab/demo",
        backend="vllm",
        port=port,
        program=sys.executable,
        argv=("serve", "-S", str(HOSTILE), "--mode", "naked", "--port", str(port)),
        stop_grace_seconds=0.3,
    )
    paths = settings.paths
    with claims(paths, clock=CLOCK), command(made.id, paths, clock=CLOCK), Store(paths) as store:
        store.create(record_of(made))
    seen: dict[str, object] = {"cgroup": own_cgroup()}

    begin(made, settings)
    worker = worker_of(made, settings)
    seen["tagged"] = len(processes_of(made))
    seen["stopped with its supervisor"] = stop(made, settings=settings, clock=CLOCK).status
    assert not is_alive(worker)

    begin(made, settings)
    worker = worker_of(made, settings)
    send(supervisor_of(made, settings), signal.SIGKILL)
    eventually(lambda: not is_held(files_of(paths, made.id).lock) and not processes_of(made))
    seen["killed"] = observe(record(settings, made), paths=paths, clock=CLOCK).last_error
    seen["stopped without"] = stop(made, settings=settings, clock=CLOCK).status
    seen["survived"] = int(is_alive(worker))
    send(worker, signal.SIGKILL)
    print(json.dumps(seen))  # noqa: T201  read by the test


def begin(made: Deployment, settings: Settings) -> None:
    wait(start(made, settings=settings, clock=CLOCK), settings=settings, clock=CLOCK, timeout=20)


def supervisor_of(made: Deployment, settings: Settings) -> Process:
    found = live_supervisor(files_of(settings.paths, made.id).lock, made.id)
    assert found is not None
    return found


def worker_of(made: Deployment, settings: Settings) -> Process:
    """Once it has dropped its environment."""
    root = supervisor_of(made, settings).pid
    found: list[Process] = []
    eventually(lambda: found.extend(one for one in descendants(root) if not environment(one.pid)) or found)
    eventually(lambda: found[0] not in processes_of(made))
    return found[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
