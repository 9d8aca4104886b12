"""A catalog that wants more than to be read: its specs, from the file to the running backend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.conftest import Modelscan

from modelscan.system.processes.identity import tagged

ARGUMENTS = (
    *("--host=0.0.0.0", "--host 0.0.0.0", "--hos=0.0.0.0", "--ho 0.0.0.0", "--port=1", "--uds=/tmp/x", "--root-path=/x"),
    *("--trust-remote-code", "--trust_remote_code", "--trust-remote-cod", "--trust-remote-code=true", "-trust-remote-code"),
    *("--middleware=evil.Layer", "--middleware evil.Layer", "--tool-parser-plugin=/tmp/x.py", "--worker-cls=evil.W"),
    *("--api-key=planted", "--served-model-name=other", "--model=evil/repo", "evil/repo", "--tokenizer=evil/repo"),
    *("--download-dir=/", "--config=/etc/passwd", "--chat-template={{ ''.__class__ }}", "--load-format=evil"),
    *('--hf-overrides={"auto_map": {"AutoModel": "x--y.Z"}}', "--hf-overrides.auto_map=x", "--compilation-config={}"),
    *('--speculative-config={"model": "evil/repo"}', '--speculative-config={"mod\\u0065l": "evil/repo"}', "--"),
    *("--tool-call-parser=hermes --host 0.0.0.0", "--tool-call-parser.plugin=x", "--reasoning-parser=$(id)", "\\-\\-host=0"),
    *("--max-model-len=1\n--host=0.0.0.0", "--max-model-len\x00--host", "--dtype=auto;id", "--host\uff1d0.0.0.0", "-O3"),
)  # fmt: skip
ENV = {
    "LD_PRELOAD": "/tmp/evil.so", "LD_LIBRARY_PATH": "/tmp", "LD_AUDIT": "/tmp/evil.so", "PYTHONPATH": "/tmp",
    "PYTHONSTARTUP": "/tmp/x.py", "PYTHONHOME": "/tmp", "PATH": "/tmp", "HTTPS_PROXY": "http://evil.invalid",
    "https_proxy": "http://evil.invalid", "ALL_PROXY": "socks5://evil.invalid", "HF_TOKEN": "planted",
    "HF_ENDPOINT": "http://evil.invalid", "VLLM_PLUGINS": "evil", "VLLM_API_KEY": "planted", "BASH_ENV": "/tmp/x",
    "VLLM_ALLOW_INSECURE_SERIALIZATION": "1", "GIT_SSH_COMMAND": "id", "ld_preload": "/tmp/evil.so", "LD_PRELOAD=x\nA": "b",
}  # fmt: skip
# What the user's own environment has of these names too.
OWN = {"PATH"}


def catalog(folder: Path, name: str) -> dict[str, Any]:
    """A set with a spec for each argument, since a list in which one cannot be read is left out whole, and one for all."""
    spec = {"mode": "standard", "backend": "vLLM", "quantization": "FP32", "source": "local_path"}
    lists = [[argument] for argument in ARGUMENTS] + [list(ARGUMENTS)]
    specs = [{**spec, "local_path": str(folder), "backend_parameters": given, "env": ENV} for given in lists]
    return {"model_sets": [{"name": name, "categories": ["llm"], "specs": specs}]}


@pytest.fixture
def hostile(home: Path, folder: Path) -> str:
    """A set of GPUStack's form among the user's catalogs, with all that it may not have."""
    place = home / "config" / "catalogs"
    place.mkdir(parents=True)
    evil = catalog(folder, "evil")
    (place / "evil.yaml").write_text(yaml.safe_dump(evil))
    return "evil"


@pytest.mark.usefixtures("vllm")
def test_nothing_of_it_reaches_the_command(modelscan: Modelscan, hostile: str, folder: Path) -> None:
    clean = modelscan("plan", str(folder), "--format", "command").stdout
    command = modelscan("plan", hostile, "--format", "command")
    assert command.status == 0, command.stderr
    assert words_of(command.stdout) - {hostile} == words_of(clean) - {folder.name}
    dropped = modelscan("plan", hostile, "--json").json["chosen"]["dropped"]
    for name in ("--host", "--trust-remote-code", "--middleware", "LD_PRELOAD"):
        assert any(line.startswith(name) for line in dropped), name


def words_of(command: str) -> set[str]:
    return set(command.replace("\\\n", " ").split())


@pytest.mark.usefixtures("vllm")
def test_nothing_of_it_reaches_a_process(modelscan: Modelscan, hostile: str, home: Path) -> None:
    deployed = modelscan("deploy", hostile, "--json")
    assert deployed.status == 0, deployed.stderr
    said = json.dumps(deployed.json["argv"])
    assert not [word for word in ("0.0.0.0", "evil.", "evil/", "planted", "remote", "$(id)") if word in said]
    processes = [item for item in tagged() if item.state == str(home / "state")]
    assert processes
    for item in processes:
        proc = Path("/proc") / str(item.process.pid)
        environ = dict(
            part.decode(errors="replace").partition("=")[::2]
            for part in (proc / "environ").read_bytes().split(b"\0")
            if part
        )
        planted = {name for name, value in ENV.items() if environ.get(name) == value}
        assert planted == set()
        assert not ENV.keys() & environ.keys() - OWN - {"PYTHONPATH", "LD_LIBRARY_PATH"}
        arguments = (proc / "cmdline").read_bytes().decode()
        assert not [word for word in ("0.0.0.0", "evil.", "evil/", "planted", "remote") if word in arguments]
