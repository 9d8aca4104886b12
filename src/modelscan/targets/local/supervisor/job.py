"""The jobs of a supervisor that need more than it may load: each in a short process of its own, with all packages.

python -m modelscan.targets.local.supervisor.job memory
python -m modelscan.targets.local.supervisor.job routes --state DIR --routes ROUTING_YAML [--litellm FILE]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from modelscan.deployments.files import paths_of_state
from modelscan.errors import ModelscanError
from modelscan.hardware.machine import read_hardware
from modelscan.settings.reading import Settings
from modelscan.system.clock import SystemClock
from modelscan.targets.deployments import Deployments
from modelscan.targets.local.environment import own_environment
from modelscan.targets.publish import publish_ready
from modelscan.targets.published import PublishedFiles, from_options
from modelscan.targets.site import site_of


def main(arguments: Sequence[str]) -> int:
    """The exit status is 1 for an expected failure, which stderr explains."""
    job, options = arguments[0], dict(zip(arguments[1::2], arguments[2::2], strict=True))
    try:
        if job == "memory":
            sys.stdout.write(json.dumps(free_memory()))
        else:
            write_the_routes(Path(options["--state"]), from_options(options))
    except ModelscanError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


def free_memory() -> dict[int, int | None]:
    """Free bytes of each GPU, by its index."""
    return {gpu.index: gpu.memory_free_bytes for gpu in read_hardware(environ=own_environment()).devices}


def write_the_routes(state: Path, files: PublishedFiles | None) -> None:
    """Bring the published files up to date. Raises as `publish_ready` does."""
    clock = SystemClock()
    if files is not None:
        publish_ready(Deployments(site_of(Settings(paths=paths_of_state(state)), clock)), files, clock)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
