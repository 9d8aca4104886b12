"""The process that supervises the gateway: `python -m modelscan.gateway --port N …`."""

import sys

if __name__ == "__main__":
    from modelscan.gateway.keeper import main

    sys.exit(main(sys.argv[1:]))
