"""The supervisor with a faster watch, for tests that wait for it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
from modelscan.targets.local.supervisor.supervise import main
from modelscan.targets.pace import Pace

if __name__ == "__main__":
    pace = Pace(
        between_generations=0.05,
        when_ready=0.1,
        answer_within=0.3,
        unhealthy_after=2,
        wedged_after=0.8,
        restart_after=0.4,
        release_timeout=30.0,
        linger=2.0,
    )
    sys.exit(main(sys.argv[1:], pace=pace))
