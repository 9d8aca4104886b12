"""A program called `vllm` for tests of the whole command line: it understands vLLM's command and serves at once.

Behind it is the hostile backend of tests/deployments; a file `mood` in the folder of the weights says which mood.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

VERSION = "0.32.0+cpu"


# In sh, as most are only asked for their version: what a Python's metadata say is for tests/environments.
PROGRAM = """\
#!/bin/sh
[ "$1" = --version ] && echo {version} && exit
exec '{python}' -S '{here}' "$@"
"""


def install(folder: Path, version: str = VERSION) -> Path:
    """Write the program into a folder that goes on PATH. Without a local part, the version is that of a CUDA build."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "vllm"
    program.write_text(PROGRAM.format(version=version, python=sys.executable, here=__file__))
    program.chmod(0o755)
    return program


def main(arguments: list[str]) -> None:
    assert arguments[0] == "serve", arguments
    location, options = Path(arguments[1]), arguments[2:]
    mood = location / "mood"
    words = mood.read_text().split() if mood.exists() else ["polite"]
    served = options[options.index("--served-model-name") + 1]
    place = "--uds" if "--uds" in options else "--port"
    words += [place, options[options.index(place) + 1]]
    if "--enable-sleep-mode" in options:
        assert os.environ["VLLM_SERVER_DEV_MODE"] == "1"
    if "--max-model-len" in options:
        words += ["--max-model-len", options[options.index("--max-model-len") + 1]]
    if "--gpu-memory-utilization" in options and "CUDA_FAKE_TOTAL" in os.environ:
        share = float(options[options.index("--gpu-memory-utilization") + 1])
        words += ["--takes", str(int(share * int(os.environ["CUDA_FAKE_TOTAL"])))]
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "deployments"))
    sys.argv[1:] = ["--mode", words[0], "--name", served, *words[1:]]
    import hostile

    hostile.main()


if __name__ == "__main__":
    main(sys.argv[1:])
