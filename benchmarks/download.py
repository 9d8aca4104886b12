"""How fast weights come, against `hf download` from the same server: `python -m benchmarks.download`.

The server is the hub of the tests, on this machine, in a process of its own. Both programs are run in turn into empty
caches, and each round gives one ratio of seconds; the median counts. The server's rate is limited to that of a network,
because without a limit the server's own work decides; `--rate 0` takes the limit away.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MIB = 1024**2
SERVER = Path(__file__).parents[1] / "tests" / "hubs" / "hub_server.py"
OURS = """
import os
from modelscan.hubs.sources import Access, fetcher
from modelscan.settings.reading import load_settings
environ = dict(os.environ)
hub = fetcher("huggingface", Access(settings=load_settings(environ), environ=lambda: environ))
hub.download("lab/bench", None, on_progress=lambda _: None)
"""
THEIRS = [str(Path(sys.executable).with_name("hf")), "download", "lab/bench", "--quiet"]


def make_repo(root: Path, megabytes: int, shards: int) -> None:
    folder = root / "lab" / "bench"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}')
    for number in range(1, shards + 1):
        with (folder / f"model-{number:05d}-of-{shards:05d}.safetensors").open("wb") as file:
            for _ in range(megabytes // shards):
                file.write(os.urandom(MIB))


def seconds(command: list[str], environment: dict[str, str], home: Path) -> float:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    os.sync()
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--rate", type=float, default=100.0, help="MiB/s of each connection; 0: as fast as it goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root, home = Path(place) / "root", Path(place) / "home"
        make_repo(root, options.megabytes, options.shards)
        command = [sys.executable, str(SERVER), "--root", str(root)]
        command += ["--rate", str(options.rate * MIB)] if options.rate else []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None  # noqa: S101  asked for above
            environment = {
                "HF_ENDPOINT": server.stdout.readline().strip(), "HOME": str(home), "MODELSCAN_HOME": str(home / "own"),
                "PATH": os.environ["PATH"], "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "*",
            }  # fmt: skip
            ratios, ours, theirs = [], [], []
            for _ in range(options.rounds):
                theirs.append(seconds(THEIRS, environment, home))
                ours.append(seconds([sys.executable, "-c", OURS], environment, home))
                ratios.append(ours[-1] / theirs[-1])
            server.terminate()
    size = options.megabytes
    print(f"{size} MiB in {options.shards} files, {options.rounds} rounds, one after the other in turn")
    print(f"hf download  {statistics.median(theirs):6.2f} s  {size / statistics.median(theirs):7.0f} MiB/s")
    print(f"modelscan    {statistics.median(ours):6.2f} s  {size / statistics.median(ours):7.0f} MiB/s  (checked too)")
    spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
    print(f"seconds of modelscan per second of hf: {statistics.median(ratios):.3f} ({spread})")


if __name__ == "__main__":
    main()
