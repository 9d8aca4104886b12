"""What modelscan adds to a backend that takes five seconds to start, against starting it by hand: `make bench`.

A fake `vllm` sleeps, then serves at once. By hand: it is started, asked every 10 ms, and the first token of an answer
ends the time. With modelscan: `deploy` is started, and when it returns the same answer is asked for. The two take
turns; each pair gives one difference. All times are of the system's monotonic clock, which the fake writes down too.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from modelscan.deployments.store import Store
from modelscan.storage.paths import paths_below

START_SECONDS = 5.0
FAKE = """#!{python} -S
import json, os, sys, time
if sys.argv[1:] == ["--version"]:
    print("0.32.0+cpu")
    sys.exit()
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
options = sys.argv[2:]
port = int(options[options.index("--port") + 1])
CHUNKS = [json.dumps({{"choices": [{{"delta": {{"content": word}}}}]}}) for word in "abc"]
TOKENS = "".join(f"data: {{chunk}}\\n\\n" for chunk in CHUNKS).encode()

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"{{}}")
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.answer(TOKENS + b"data: [DONE]\\n\\n", "text/event-stream")

time.sleep({seconds})
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
with open({mark!r}, "w") as file:
    file.write(str(time.monotonic()))
server.serve_forever()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds over which the idle supervisor is watched")
    options = parser.parse_args()
    # The last supervisor may still be writing the routes, which say nothing more, when the folder goes.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        bench = Bench(Path(name))
        bench.deploy()  # once before anything counts: compiled modules, the files in memory
        bench.stop()
        by_hand, ours, seen = [], [], []
        for _ in range(options.pairs):
            by_hand.append(bench.by_hand())
            total, late = bench.deploy()
            ours.append(total)
            seen.append(late)
            bench.stop()
        differences = [mine - theirs for mine, theirs in zip(ours, by_hand, strict=True)]
        bench.deploy()
        resident, share = bench.idle(options.idle)
        bench.stop()
    print(f"{options.pairs} pairs, in turn; a backend that starts in {START_SECONDS:g} s\n")
    print("| what | median | worst |")
    print("|---|---|---|")
    print(f"| first token by hand | {statistics.median(by_hand):.2f} s | {max(by_hand):.2f} s |")
    print(f"| first token after `deploy` | {statistics.median(ours):.2f} s | {max(ours):.2f} s |")
    print(f"| added | {statistics.median(differences):.2f} s | {max(differences):.2f} s |")
    print(f"| ready seen after it listens | {statistics.median(seen):.2f} s | {max(seen):.2f} s |")
    print(f"\nThe supervisor, idle for {options.idle:g} s: {resident:.1f} MiB resident, {share:.2%} of a core.")


class Bench:
    """A home of its own, and the fake on PATH."""

    def __init__(self, folder: Path) -> None:
        self._mark = folder / "listening"
        self._program = folder / "bin" / "vllm"
        self._program.parent.mkdir()
        self._program.write_text(FAKE.format(python=sys.executable, seconds=START_SECONDS, mark=str(self._mark)))
        self._program.chmod(0o755)
        self._home = folder / "home"
        self._port = free_port()
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MODELSCAN_")},
            "PATH": f"{self._program.parent}:/usr/bin:/bin",
            "MODELSCAN_HOME": str(self._home),
            "MODELSCAN_FIRST_PORT": str(self._port),
        }

    def by_hand(self) -> float:
        started = time.monotonic()
        backend = subprocess.Popen([str(self._program), "serve", "x", "--port", str(self._port)])
        try:
            while not first_token(self._port):
                time.sleep(0.01)
            return time.monotonic() - started
        finally:
            backend.send_signal(signal.SIGKILL)
            backend.wait()

    def deploy(self) -> tuple[float, float]:
        """Seconds to the first token, and from its listening to the record's being ready."""
        self._mark.unlink(missing_ok=True)
        watch = Ready(self._home)
        watch.start()
        started = time.monotonic()
        self._modelscan("deploy", "demo", "--json")
        while not first_token(self._port):
            time.sleep(0.01)
        total = time.monotonic() - started
        watch.join()
        return total, watch.at - float(self._mark.read_text())

    def stop(self) -> None:
        self._modelscan("remove", "demo")

    def idle(self, seconds: float) -> tuple[float, float]:
        """MiB resident, and the share of a core, of the supervisor."""
        with Store(paths_below(self._home)) as store:
            pid = store.get("demo").owner.supervisor_pid
        before = ticks(pid)
        time.sleep(seconds)
        used = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK")
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
        return resident / 1024, used / seconds

    def _modelscan(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "modelscan", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)


class Ready(threading.Thread):
    """The moment at which the record says ready, looked at every 10 ms."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self._home = home
        self.at = 0.0

    def run(self) -> None:
        while not self.at:
            with contextlib.suppress(Exception), Store.for_reading(paths_below(self._home)) as store:
                if any(item.status.current == "ready" for item in store.list()):
                    self.at = time.monotonic()
            time.sleep(0.01)


def first_token(port: int) -> bool:
    body = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "x"}], "stream": True})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        return connection.getresponse().readline().startswith(b"data:")
    except OSError:
        return False
    finally:
        connection.close()


def ticks(pid: int | None) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
