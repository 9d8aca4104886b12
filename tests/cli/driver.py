"""Many command lines in one other process: its environment is there when it starts, and it starts once."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line came to, wherever it ran."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.stderr)["error"]


Driver = Callable[[Sequence[str], Mapping[str, str]], Ran]

# Each line is a command line and its environment, answered with a line.
_PROGRAM = """
import contextlib, io, json, os, sys
from modelscan.cli import main
lines = sys.stdin
for line in lines:
    task = json.loads(line)
    os.environ.clear()
    os.environ.update(task["environ"])
    sys.stdin = io.StringIO("")
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = main(task["arguments"])
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
"""


@contextlib.contextmanager
def driving(environ: Mapping[str, str]) -> Iterator[Driver]:
    """`environ` is what the process starts with; each command line comes with its own."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM], env={**environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(arguments: Sequence[str], environ: Mapping[str, str]) -> Ran:
            print(json.dumps({"arguments": arguments, "environ": {**environ}}), file=process.stdin, flush=True)
            return Ran(*json.loads(process.stdout.readline()))  # type: ignore[union-attr]

        yield ask
        process.stdin.close()
