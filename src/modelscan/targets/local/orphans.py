"""Processes that a killed supervisor leaves behind."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.deployments.files import DeploymentFiles, files_of
from modelscan.storage.locks import Lock, is_held
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.system.processes.identity import Process, program_name, tagged, tagged_as
from modelscan.system.processes.tree import TreeEnd, end_tree
from modelscan.targets.local.cgroup import remove_noted_cgroup
from modelscan.targets.target import Orphan


def find_orphans(names: Mapping[str, str], paths: Paths) -> tuple[Orphan, ...]:
    """Processes with the tag of this state whose supervisor does not live; those of other states are not ours.

    A cgroup does not name a state: what is known by that alone is of the state that has the folder of its deployment.
    """
    return tuple(
        Orphan(deployment=identity, name=name, pid=process.pid, program=program_name(process.pid))
        for identity, (name, processes) in sorted(_unowned(names, paths).items())
        for process in processes
    )


def reap_orphans(names: Mapping[str, str], paths: Paths, *, linger: float, clock: Clock) -> tuple[Orphan, ...]:
    """End them, each within `linger` seconds; returns those that survive because the kernel blocks them."""
    left = []
    for identity, (name, _) in sorted(_unowned(names, paths).items()):
        files = files_of(paths, identity)
        with Lock(files.lock) as lock:  # no supervisor can start meanwhile; without a folder none can at all
            if not files.folder.exists() or lock.try_acquire("doctor"):
                left += [
                    Orphan(deployment=identity, name=name, pid=process.pid, program=program_name(process.pid))
                    for process in sweep(files, identity, grace=linger, linger=linger, clock=clock).survivors
                ]
    return tuple(left)


def sweep(
    files: DeploymentFiles,
    deployment_id: str,
    *,
    leader: Process | None = None,
    grace: float,
    linger: float,
    clock: Clock,
) -> TreeEnd:
    """End everything that carries the tag of one deployment. Call it only when no supervisor lives.

    When `leader` is among them, it is signalled first.
    """
    ended = end_tree(lambda: tagged_as(deployment_id), leader, grace=grace, linger=linger, clock=clock)
    remove_noted_cgroup(files)
    return ended


def _unowned(names: Mapping[str, str], paths: Paths) -> Mapping[str, tuple[str | None, list[Process]]]:
    found: dict[str, tuple[str | None, list[Process]]] = {}
    for item in tagged():
        files = files_of(paths, item.deployment)
        here = files.folder.exists() if item.state is None else item.state == str(paths.state)
        if (here or item.deployment in names) and not is_held(files.lock):
            found.setdefault(item.deployment, (names.get(item.deployment), []))[1].append(item.process)
    return found
