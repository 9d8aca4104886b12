"""The process that keeps the gateway: `python -m modelscan.gateway --port N …`."""

import sys

if __name__ == "__main__":
    from modelscan.services.keeper import main

    sys.exit(main(["gateway", *sys.argv[1:]]))
