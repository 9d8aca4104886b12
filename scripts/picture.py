"""The README's picture: real commands in a real terminal of 100 columns, drawn as SVG.

    python scripts/picture.py PROGRAM docs/demo.svg

PROGRAM is an installed `modelscan` whose backend is installed already, so that the picture stays short. The terminal
is tmux's: what is drawn is what its screen shows when a command has ended, colours included.
"""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 100, 60
COMMANDS = (
    "catalog search qwen3 coder 30b",
    "plan deepseek/deepseek-coder --hardware rtx-4090",
    "deploy demo",
    "list",
    "stop demo",
)
SOCKET = "modelscan-picture"


def main(program: Path, output: Path) -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for command in COMMANDS:
        console.print(Text(f"$ modelscan {command}", style="bold"))
        console.print(Text.from_ansi(on_screen(f"{shlex.quote(str(program))} {command}")), soft_wrap=True)
    subprocess.run([program, "remove", "demo"], check=True, stdout=subprocess.DEVNULL)
    output.write_text(console.export_svg(title="modelscan"))
    print(f"wrote {output}")


def on_screen(command: str) -> str:
    """The screen of a terminal after a command, without the empty lines at its end."""
    tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), f"{command}; sleep 600")
    try:
        while tmux("list-panes", "-F", "#{pane_current_command}").strip() != "sleep":
            time.sleep(0.2)
        return tmux("capture-pane", "-e", "-p").rstrip("\n")
    finally:
        tmux("kill-server")
        time.sleep(1)  # a server that is on its way out would take the next session with it


def tmux(*arguments: str) -> str:
    done = subprocess.run(["tmux", "-L", SOCKET, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]))
