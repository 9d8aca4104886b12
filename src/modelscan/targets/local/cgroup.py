"""The cgroup of a deployment: made for each life of its backend, removed with it.

Who ends what a killed supervisor left must find it again, also where the records cannot be read: a link in the folder
of the deployment leads to it. After a reboot that leads nowhere, which is as good as none.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from modelscan.deployments.files import DeploymentFiles
from modelscan.system.processes.cgroup import make_cgroup, remove_cgroup


def make_noted_cgroup(deployment_id: str, files: DeploymentFiles) -> Path | None:
    """None where none may be made: then its processes are found by their environment alone."""
    made = make_cgroup(deployment_id)
    if made is None:
        return None
    try:
        files.cgroup.unlink(missing_ok=True)
        files.cgroup.symlink_to(made)
    except OSError:  # nobody could find it again to remove it
        remove_cgroup(made)
        return None
    return made


def remove_noted_cgroup(files: DeploymentFiles, made: Path | None = None) -> None:
    """Call it when its processes have ended. Does nothing where there is none, or no more; one in which a process is
    blocked stays noted. Who made it says so, and needs no note, which may be lost with the folder.
    """
    with contextlib.suppress(OSError):
        remove_cgroup(made or files.cgroup.readlink())
        if not files.cgroup.exists():
            files.cgroup.unlink()
