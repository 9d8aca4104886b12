"""`python -m modelscan`: the same program as the `modelscan` command."""

import sys

from modelscan.cli import main

if __name__ == "__main__":
    sys.exit(main())
