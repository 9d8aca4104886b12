"""A deployment whose state lies on a disk that fills up: `python full_disk.py HOME`. Prints what was seen, as JSON."""

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
from modelscan.errors import StorageFailed
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.locks import is_held
from modelscan.storage.paths import paths_below


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
        argv=("serve", "-S", str(HOSTILE), "--mode", "newsession", "--port", str(port)),
        stop_grace_seconds=0.3,
    )
    with (
        claims(settings.paths, clock=CLOCK),
        command(made.id, settings.paths, clock=CLOCK),
        Store(settings.paths) as store,
    ):
        store.create(record_of(made))
    start(made, settings=settings, clock=CLOCK)
    wait(made, settings=settings, clock=CLOCK, timeout=20)
    seen: dict[str, object] = {}

    filler = settings.paths.state / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    CLOCK.sleep(2.0)  # its workers go on talking
    seen["while full"] = observe(record(settings, made), paths=settings.paths, clock=CLOCK).status
    try:
        with Store(settings.paths) as store:
            for _ in range(200):  # the write-ahead log has some room of its own
                store.add_event(made.id, "note", "x" * 1000)
        seen["a command"] = "wrote"
    except StorageFailed as error:
        seen["a command"] = error.code
    os.kill(record(settings, made).pid or 0, signal.SIGKILL)
    eventually(lambda: not processes_of(made), 20)
    eventually(lambda: not is_held(files_of(settings.paths, made.id).lock), 30)
    seen["killed while full"] = observe(record(settings, made), paths=settings.paths, clock=CLOCK).status

    filler.unlink()
    again = wait(start(made, settings=settings, clock=CLOCK), settings=settings, clock=CLOCK, timeout=20)
    seen["after"] = again.status
    seen["stopped"] = stop(again, settings=settings, clock=CLOCK).status
    seen["left"] = len(processes_of(made))
    print(json.dumps(seen))  # noqa: T201  read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
