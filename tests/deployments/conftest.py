"""Deployments of the hostile backend in a home of their own, and the proof that none leaves a process."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_house import CLOCK, HOSTILE, Make, free_port, stop

from modelscan.deployments.commanding import claims, command
from modelscan.deployments.document import deployment_of, record_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.errors import ModelscanError
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.paths import paths_below
from modelscan.system.processes.cgroup import own_cgroup
from modelscan.system.processes.identity import send, tagged


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A home of its own. What a test leaves running there is reported, then ended."""
    made = Settings(paths=paths_below(tmp_path / "home"), environ={"PATH": os.environ["PATH"], "HF_TOKEN": "hf_secret"})
    yield made
    with Store.for_reading(made.paths) as store:
        known = [item.id for item in store.list(include_removed=True)]
        for item in store.list(include_removed=True):
            if not item.status.removed_at and item.status.current != "stopped":
                try:
                    stop(deployment_of(item), settings=made, clock=CLOCK)
                except ModelscanError as error:
                    pytest.fail(f"teardown could not stop: {error.message}")
    left = [item for item in tagged() if files_of(made.paths, item.deployment).folder.exists()]
    left += [item for item in tagged() if item.state == str(made.paths.state)]
    for item in left:
        send(item.process, signal.SIGKILL)
    assert not left
    place = own_cgroup()
    assert place is None or not [name for name in known if (place / f"modelscan-{name}").exists()]


@pytest.fixture
def make(settings: Settings) -> Make:
    """Create the record of a hostile deployment: `make("stubborn", lasts=0.1)`."""

    def made(mode: str = "polite", *, name: str = "demo", port: int | None = None, **changes: object) -> Deployment:
        port = port or free_port()
        extra = {key: changes.pop(key) for key in ("delay", "lasts", "seen", "workers", "fit") if key in changes}
        argv = ["serve", "-S", str(HOSTILE), "--mode", mode, "--port", str(port), "--name", name]
        if "max_model_len" in changes:
            argv += ["--max-model-len", str(changes["max_model_len"])]
        for key, value in extra.items():
            argv += [f"--{key}", str(value)]
        values: dict[str, object] = {
            "model": "lab/demo",
            "backend": "vllm",
            "stop_grace_seconds": 0.3,
            "stall_timeout_seconds": 20.0,
            **changes,
        }
        deployment = Deployment(
            id=uuid.uuid4().hex,
            name=name,
            port=port,
            program=sys.executable,
            argv=tuple(argv),
            served_model_names=(name, "lab/demo"),
            **values,  # type: ignore[arg-type]
        )
        with (
            claims(settings.paths, clock=CLOCK),
            command(deployment.id, settings.paths, clock=CLOCK),
            Store(settings.paths) as store,
        ):
            return deployment_of(store.create(record_of(deployment)))

    return made
