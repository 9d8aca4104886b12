"""The cgroup of a deployment: made for each life of its backend, removed with it.

Who ends what a killed supervisor left must find it again, also where the records cannot be read: a file in the folder
of the deployment names it. After a reboot that is nowhere, which is as good as none.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from modelscan.deployments.files import DeploymentFiles
from modelscan.system.processes.cgroup import cgroup_of, remove_cgroup


def make_noted_cgroup(deployment_id: str, files: DeploymentFiles) -> Path | None:
    """None where none can be made: then its processes are found by their environment alone."""
    place = cgroup_of(deployment_id)
    if place is None:
        return None
    try:
        files.cgroup.touch(mode=0o600)
        files.cgroup.write_text(str(place), encoding="utf-8")  # first, so that none is made that nobody finds again
        place.mkdir(exist_ok=True)
    except OSError:  # a full disk, or a limit on the number or the depth of cgroups
        remove_noted_cgroup(files)
        return None
    return place


def remove_noted_cgroup(files: DeploymentFiles, made: Path | None = None) -> None:
    """Call it when its processes have ended. Does nothing where there is none, or no more; one in which a process is
    blocked stays noted. Who made it says so, and needs no note, which may be lost with the folder.
    """
    with contextlib.suppress(OSError, ValueError):
        made = made or Path(files.cgroup.read_text(encoding="utf-8"))
        remove_cgroup(made)
        if not made.is_dir():
            files.cgroup.unlink()
