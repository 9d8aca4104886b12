"""From a hub to a real vLLM: weights that are killed half-way, finished, and then served with the network unplugged."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.end_to_end.conftest import ROOT, user_environment
from tests.hubs.hub_server import HubServer, Repo

pytestmark = pytest.mark.slow

# Inside a network of its own in which there is only `lo`, and that has to be brought up first (SIOCSIFFLAGS).
UNPLUGGED = """
import fcntl, json, socket, struct, subprocess, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))
def modelscan(*arguments):
    done = subprocess.run([sys.executable, "-m", "modelscan", *arguments, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
try:
    deployment = modelscan("deploy", "lab/demo", "--yes", "--name", "unplugged")
    import openai
    with openai.OpenAI(base_url=deployment["openai_base_url"], api_key="none") as client:
        answer = client.chat.completions.create(
            model="unplugged", messages=[{"role": "user", "content": "What is modelscan?"}], max_tokens=20,
            temperature=0)
    print(json.dumps({"status": deployment["status"], "revision": deployment["revision"],
                      "answered": "modelscan" in answer.choices[0].message.content}))
finally:
    modelscan("remove", "unplugged")
"""


def test_pulled_then_unplugged(real_home: Path, tmp_path: Path) -> None:
    demo = ROOT / "catalogs" / "demo"
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this machine gives no network of its own to a process: {tried.stderr.strip()}")
    with HubServer(rate=1024**2) as server:
        files = {path.name: path.read_bytes() for path in demo.iterdir() if path.is_file()}
        server.repos["lab/demo"] = Repo(files=files)
        own = {"HF_ENDPOINT": server.endpoint, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
        environ = user_environment(real_home) | own
        pull = [sys.executable, "-m", "modelscan", "pull", "lab/demo"]
        for _ in range(3):
            with subprocess.Popen(pull, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
                time.sleep(random.uniform(1.0, 2.5))  # noqa: S311  not secret
                killed.send_signal(signal.SIGKILL)
        server.rate = None
        subprocess.run(pull, env=environ, check=True)
    run = ["unshare", "-rn", sys.executable, "-c", UNPLUGGED]
    done = subprocess.run(run, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {"status": "ready", "revision": "c0ffee" + "0" * 34, "answered": True}
