"""One of several users at once: `python traffic.py HOME SEED OPERATIONS`. Expected failures are part of the game.

Prints the id of each record it created. Anything but an expected failure ends it with a traceback.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import uuid
from pathlib import Path

from modelscan.deployments.control import claims, command, remove, start, stop, wait
from modelscan.deployments.observe import observe
from modelscan.deployments.owner import live_supervisor
from modelscan.deployments.places import places
from modelscan.deployments.ports import next_free
from modelscan.deployments.processes import send, tagged_as
from modelscan.deployments.store import Store
from modelscan.errors import ModelscanError
from modelscan.model import Deployment
from modelscan.settings import Settings
from modelscan.storage.paths import paths_below
from modelscan.system.clock import SystemClock

HOSTILE = Path(__file__).with_name("hostile.py")
CLOCK = SystemClock()
NAMES = ("a", "b", "c")
MODES = ("polite", "stubborn", "newsession", "deaf", "never-ready", "dies-late", "dies-early", "flood")


def deploy(settings: Settings, name: str, chance: random.Random) -> None:
    identity = uuid.uuid4().hex
    with command(identity, settings=settings, clock=CLOCK) as lock:
        with claims(settings, clock=CLOCK), Store(settings.paths) as store:
            port = next_free(settings.first_port, {item.port for item in store.list() if item.port})
            argv = ("serve", "-S", str(HOSTILE), "--mode", chance.choice(MODES), "--port", str(port), "--workers", "1")
            made = store.create(
                Deployment(
                    id=identity,
                    name=name,
                    model="lab/demo",
                    backend="vllm",
                    port=port,
                    program=sys.executable,
                    argv=argv,
                    served_model_names=("demo",),
                    stop_grace_seconds=0.3,
                    restart_policy=chance.choice(("no", "on-failure")),
                )
            )
        print(identity, flush=True)  # noqa: T201  read by the test
        start(made, settings=settings, clock=CLOCK, held=lock)
    if chance.random() < 0.5:
        wait(made, settings=settings, clock=CLOCK, timeout=1.5)


def kill(settings: Settings, deployment: Deployment, chance: random.Random) -> None:
    victims = sorted(tagged_as(deployment.id))
    supervisor = live_supervisor(places(settings.paths, deployment.id).lock, deployment.id)
    if supervisor is not None:
        victims.append(supervisor)
    if victims:
        send(chance.choice(victims), signal.SIGKILL)


def act(settings: Settings, chance: random.Random) -> None:
    name = chance.choice(NAMES)
    with Store(settings.paths) as store:
        found = next((item for item in store.list() if item.name == name), None)
    verb = chance.choice(("deploy", "stop", "start", "start", "remove", "kill", "kill", "look"))
    if found is None or verb == "deploy":
        deploy(settings, name, chance)
        return
    if verb == "kill":
        kill(settings, found, chance)
    elif verb == "look":
        observe(found, settings=settings, clock=CLOCK)
    else:
        {"stop": stop, "start": start, "remove": remove}[verb](found, settings=settings, clock=CLOCK)


def main(home: str, seed: str, operations: str) -> None:
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    environ = {"PATH": os.environ["PATH"]}
    settings = Settings(paths=paths_below(Path(home)), environ=environ, first_port=21000 + int(seed) // 1000 * 50)
    for _ in range(int(operations)):
        try:
            act(settings, chance)
        except ModelscanError as error:
            print(f"# {error.code}: {error.message}", flush=True)  # noqa: T201  read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
