"""For one release: a supervisor that was started before the rooms moved calls its jobs by this name."""

import sys

from modelscan.targets.local.supervisor.job import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
