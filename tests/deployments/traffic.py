"""One of several users at once: `python traffic.py FOLDER SEED OPERATIONS`. Expected failures are part of the game.

FOLDER holds the weights, one folder per mood. Home, PATH and the GPU come by the environment. Prints the id of each
record it created, and what was refused. Anything but an expected failure ends it with a traceback.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from modelscan.deployments.document import deployment_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.errors import ModelscanError
from modelscan.model import Deployment, PlanRequest
from modelscan.model.events import silent
from modelscan.running.deploy import deploy_model
from modelscan.running.start import start_deployment
from modelscan.running.stop import remove_deployment, stop_deployment
from modelscan.selecting.context import Context
from modelscan.selecting.requests import DeployRequest
from modelscan.settings.reading import load_settings
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.cgroup import own_cgroup
from modelscan.system.processes.identity import send, tagged_as
from modelscan.verbs.manage.restart import restart_deployment

NAMES = ("a", "b", "c", "d")
MOODS = ("polite", "stubborn", "newsession", "deaf", "never-ready", "dies-late", "dies-early", "flood", "babbling")
if own_cgroup() is not None:  # nothing else finds it once its supervisor was killed
    MOODS = (*MOODS, "naked")
SHARES = (0.2, 0.3, 0.45)
VERBS = ("deploy", "replace", "stop", "start", "restart", "remove", "kill", "kill", "kill-command", "look")


def wanted(folder: Path, name: str, chance: random.Random) -> DeployRequest:
    return DeployRequest(
        plan=PlanRequest(model=str(folder / chance.choice(MOODS)), gpu_memory_utilization=chance.choice(SHARES)),
        name=name,
        restart=chance.choice(("no", "on-failure", "always")),
        replace=True,
        wait=chance.random() < 0.5,
        timeout=2.0,
    )


def kill(context: Context, deployment: Deployment, chance: random.Random) -> None:
    victims = sorted(tagged_as(deployment.id))
    supervisor = live_supervisor(files_of(context.settings.paths, deployment.id).lock, deployment.id)
    if supervisor is not None:
        victims.append(supervisor)
    if victims:
        send(chance.choice(victims), signal.SIGKILL)


def kill_command(folder: Path, name: str, chance: random.Random) -> None:
    """`kill -9` of the command itself, at any moment."""
    mood, verb = str(folder / chance.choice(MOODS)), chance.choice(("deploy", "start", "stop", "remove"))
    deploy = (mood, "--name", name, "--max-memory", "15GiB", "--replace")
    argv = (sys.executable, "-m", "modelscan", verb, *(deploy if verb == "deploy" else (name,)))
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
        time.sleep(chance.uniform(0.2, 2.5))
        command.kill()


def act(context: Context, folder: Path, chance: random.Random) -> None:
    name, verb = chance.choice(NAMES), chance.choice(VERBS)
    with Store(context.settings.paths) as store:
        found = next((deployment_of(item) for item in store.list() if item.name == name), None)
    if verb == "kill-command":
        kill_command(folder, name, chance)
    elif found is None or verb in {"deploy", "replace"}:
        deploy_model(context, wanted(folder, name, chance), report=silent, ask=lambda _: False)
    elif verb == "kill":
        kill(context, found, chance)
    elif verb == "start":
        start_deployment(context, found.id, timeout=2.0, wait=chance.random() < 0.5)
    elif verb == "restart":
        restart_deployment(context, found.id, timeout=2.0)
    else:
        {"stop": stop_deployment, "remove": remove_deployment, "look": lambda it, name: it.deployments.now(name)}[verb](
            context, found.id
        )


def main(folder: str, seed: str, operations: str) -> None:
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    context = Context(settings=load_settings(dict(os.environ)))
    for _ in range(int(operations)):
        try:
            act(context, Path(folder), chance)
        except ModelscanError as error:
            print(f"{error.code}: {error.message}", flush=True)  # noqa: T201  read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
