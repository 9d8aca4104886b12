"""Pulled from a hub, then the network unplugged: the same model is deployed on a real vLLM and answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import user_environment
from tests.hubs.hub_server import HubServer, Repo

from modelscan.storage.shipped import shipped

pytestmark = pytest.mark.slow
UNPLUGGED = ("unshare", "--map-root-user", "--net")
# All in one network namespace, where nothing but loopback is.
INSIDE = """
set -e
ip link set lo up
trap '"$0" -m modelscan stop --all >&2' EXIT
address=$("$0" -m modelscan deploy lab/tiny --json | "$0" -c 'import json, sys; print(json.load(sys.stdin)["openai_base_url"])')
"$0" - "$address" <<'ASK'
import sys, urllib.request, json
body = {"model": "tiny", "messages": [{"role": "user", "content": "What is modelscan?"}], "max_tokens": 20}
request = urllib.request.Request(sys.argv[1] + "/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"})
print(json.load(urllib.request.urlopen(request, timeout=60))["choices"][0]["message"]["content"])
ASK
"""


@pytest.fixture
def unplugged() -> tuple[str, ...]:
    """What starts a program without a network."""
    tried = subprocess.run([*UNPLUGGED, "ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no network namespaces here: {tried.stderr.strip()}")
    return UNPLUGGED


def test_after_a_pull_no_network_is_needed(real_home: Path, unplugged: tuple[str, ...], tmp_path: Path) -> None:
    with HubServer() as hub:
        hub.repos["lab/tiny"] = Repo(files={path.name: path.read_bytes() for path in shipped("demo").iterdir()})
        environ = user_environment(real_home) | {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "hf")}
        environ["HF_HUB_OFFLINE"] = "0"
        pulled = subprocess.run(
            [sys.executable, "-m", "modelscan", "pull", "lab/tiny", "--json"],
            env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert pulled.returncode == 0, pulled.stderr
    asked = subprocess.run(
        [*unplugged, "bash", "-c", INSIDE, sys.executable], env=environ, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert "modelscan" in asked.stdout
    assert json.loads(pulled.stdout)[0]["changed"] is True
