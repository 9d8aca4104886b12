"""The README's picture: real commands in a real terminal of 100 columns, drawn as SVG.

    python scripts/picture.py PROGRAM docs/demo.svg

PROGRAM is an installed `modelscan`; the backend must be installed for it already, so that the picture stays short.
What is drawn is what the program wrote, colours included.
"""

from __future__ import annotations

import io
import os
import pty
import select
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 100
COMMANDS = (
    "catalog search qwen3 coder 30b",
    "plan deepseek/deepseek-coder --hardware rtx-4090",
    "deploy demo",
    "list",
    "stop demo",
)


def main(program: Path, output: Path) -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for command in COMMANDS:
        console.print(Text(f"$ modelscan {command}", style="bold"))
        console.print(Text.from_ansi(in_terminal([str(program), *shlex.split(command)])))
    in_terminal([str(program), "remove", "demo"])
    output.write_text(console.export_svg(title="modelscan"))
    print(f"wrote {output}")


def in_terminal(argv: list[str]) -> str:
    """What a program writes to a terminal, without the lines that it drew over."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
        os.execv(argv[0], argv)  # noqa: S606  the child of a fork
    written = bytearray()
    while select.select([terminal], [], [], 300)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not chunk:
            break
        written += chunk
    os.waitpid(pid, 0)
    lines = written.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1].removeprefix("\x1b[2K") for line in lines).strip("\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]))
