"""The process that keeps a service: `python -m modelscan.services NAME --port N …`."""

import sys

if __name__ == "__main__":
    from modelscan.services.keeper import main

    sys.exit(main(sys.argv[1:]))
