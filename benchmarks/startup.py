"""How long the program takes to start, against `python -c pass` and a bare Typer app: `make bench`.

The commands are run in turn (A B C A B C ...), and each round gives one ratio, so that a machine whose speed
drifts does not favour any of them. The median of the ratios is what counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE_TYPER = '''
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "world") -> None:
    """Say hello."""
    print("hello", name)


@app.command()
def bye(name: str = "world") -> None:
    """Say goodbye."""
    print("bye", name)


app()
'''
MODELSCAN = [sys.executable, "-m", "modelscan"]
OURS = {
    "--help": [*MODELSCAN, "--help"],
    "catalog search qwen3": [*MODELSCAN, "catalog", "search", "qwen3"],
    "list": [*MODELSCAN, "list"],
}


def seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE_TYPER)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MODELSCAN_", "XDG_"))}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once
        environment["HOME"] = folder  # as an ordinary user has it: no MODELSCAN_HOME
        baselines = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "bare Typer --help": [sys.executable, str(bare), "--help"],
            "bare Typer command": [sys.executable, str(bare), "hello"],
        }
        commands = baselines | OURS
        for command in commands.values():
            seconds(command, environment)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                times[name].append(seconds(command, environment))
    print(f"{rounds} rounds, interleaved; medians\n")
    print("| command | ms | against python -c pass | against a bare Typer app |")
    print("|---|---|---|---|")
    for name, own in times.items():
        bare_name = "bare Typer --help" if name == "--help" else "bare Typer command"
        ratios = [
            statistics.median(mine / other for mine, other in zip(own, times[against], strict=True))
            for against in ("python -c pass", bare_name)
        ]
        shown = f"{ratios[1]:.2f}" if name in OURS else ""
        print(f"| `{name}` | {statistics.median(own) * 1000:.0f} | {ratios[0]:.1f} | {shown} |")


if __name__ == "__main__":
    main()
