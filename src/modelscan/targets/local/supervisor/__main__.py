"""The program that owns one backend: `python -m modelscan.targets.local.supervisor --state DIR --id ID`.

It is small on purpose (standard library and light modules of ours; a test lists them), because there is one for
every deployment.
"""

import sys

if __name__ == "__main__":
    # `http.client` would load it, 4 MiB, for HTTPS; probes go to the loopback in plain HTTP.
    sys.modules["ssl"] = None  # type: ignore[assignment]
    from modelscan.targets.local.supervisor.supervise import main

    sys.exit(main(sys.argv[1:]))
