"""A backend is one folder and one line: a toy is put into a copy of the program, and everything works with it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import free_port
from tests.cli.driver import Driver, Ran, driving

import modelscan
from modelscan.backends.backend import Backend
from modelscan.backends.base import Launch, Served
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.model import Candidate
from modelscan.system.processes.identity import tagged

TOY = Path(__file__).with_name("toy")
HOSTILE = Path(__file__).resolve().parent.parent / "deployments" / "hostile.py"
PACKAGE = Path(modelscan.__file__).resolve().parent
LINE = '        "sglang": "modelscan.backends.sglang",\n'
PROGRAM = f"""#!/bin/sh
[ "$1" = version ] && echo "toy 1.4.2" && exit
echo "toy: reading $TOY_QUIET"
exec {sys.executable} -S {HOSTILE} --mode polite --port "$3" --name "$5"
"""


@dataclass(frozen=True)
class House:
    """A copy of the program with the toy in it."""

    folder: Path
    drive: Driver
    environ: dict[str, str]

    def __call__(self, *arguments: str) -> Ran:
        return self.drive(arguments, self.environ)


def linked(source: str, target: str) -> None:
    """A file of the program, as a link: copies of all, and of what is compiled of them, take a second of the processor.
    Through a link the program itself would be changed, so what is changed is a copy.
    """
    if Path(source).name == "registry.py":
        shutil.copy2(source, target)
        return
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """What CONTRIBUTING.md says, done to a copy: the folder, and the line."""
    package = tmp_path / "copy" / "src" / "modelscan"
    shutil.copytree(PACKAGE, package, copy_function=linked)
    catalogs = tmp_path / "copy" / "catalogs"
    catalogs.mkdir()
    for file in (PACKAGE.parents[1] / "catalogs").iterdir():
        (catalogs / file.name).symlink_to(file)
    shutil.copytree(TOY, package / "backends" / "toy", ignore=shutil.ignore_patterns("__pycache__"))
    registry = package / "backends" / "registry.py"
    assert LINE in registry.read_text()
    registry.write_text(registry.read_text().replace(LINE, LINE + LINE.replace("sglang", "toy")))
    return package


@pytest.fixture
def house(package: Path, tmp_path: Path, home: Path) -> Iterator[House]:
    program = tmp_path / "bin" / "toy-server"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "PYTHONPATH": str(package.parent),
        "MODELSCAN_FIRST_PORT": str(free_port()),
        "MODELSCAN_STOP_GRACE": "1",
    }
    with driving(environ) as drive:
        made = House(package / "backends" / "toy", drive, environ)
        yield made
        made("stop", "--all")
    left = [item for item in tagged() if item.state == str(home / "state")]
    for item in left:
        os.kill(item.process.pid, signal.SIGKILL)
    assert not left


def test_it_is_planned_deployed_listed_read_and_stopped(house: House) -> None:
    assert re.search(r"--backend +NAME +Backend [^.]*\btoy\b", house("plan", "--help").stdout)
    [installed] = house("backend", "list", "--json").json
    assert (installed["backend"], installed["version"], installed["device"]) == ("toy", "1.4.2", "cpu")

    planned = house("plan", "demo", "--backend", "toy", "--backend-arg=--ctx-size=1024", "--json")
    assert planned.status == 0, planned.stderr
    chosen = planned.json["chosen"]
    assert (Path(chosen["argv"][0]).name, *chosen["argv"][1:3]) == ("toy-server", "run", "--port")
    assert (chosen["max_model_len"], "context_length" in chosen["explicit"]) == (1024, True)
    memory = chosen["memory_per_gpu"]
    assert (chosen["quantization"], chosen["dtype"]) == (
        "BF16",
        "bfloat16",
    )  # the format of the files: no table lists it
    asked = house("plan", "demo", "--backend", "toy", "--quantization", "FP32", "--json").json["chosen"]
    assert "quantization: FP32, as requested; its kernels in toy are not in our tables" in asked["reasons"]
    assert (memory["overhead_bytes"], memory["kv_cache_bytes"]) == (1 << 20, 4 * 1024 * 64 * 1024)
    file = house("plan", "demo", "--backend", "toy", "--format", "yaml").stdout
    assert "  - --ctx-size=2048\n  - --slots=4\n" in file

    deployed = house("deploy", "demo", "--backend", "toy", "--json")
    assert deployed.status == 0, deployed.stderr
    made = deployed.json
    assert (made["backend"], made["backend_version"], made["status"]) == ("toy", "1.4.2", "ready")
    assert made["kv_cache_tokens"] == 4321  # as its log says
    assert made["argv"][1:6] == ["run", "--port", str(made["port"]), "--name", "demo"]
    assert house("deploy", "demo", "--backend", "toy", "--json").json["changed"] is False
    assert [(item["name"], item["backend"]) for item in house("list", "--json").json] == [("demo", "toy")]
    assert "toy: reading 1\n" in house("logs", "demo").stdout
    assert "model: hosted_toy/demo" in house("routes", "export", "--format", "litellm").stdout

    [stopped] = house("stop", "demo", "--json").json
    assert (stopped["status"], stopped["at_gateway"]["supports_structured_outputs"]) == ("stopped", None)
    [started] = house("start", "demo", "--json").json
    assert (started["status"], started["argv"]) == ("ready", made["argv"])


def test_where_it_holds_no_answer_to_a_schema_a_model_s_entry_counts(house: House) -> None:
    assert house("model", "add", "modelscan/demo", "--set", "supports_structured_outputs=false").status == 0
    deployed = house("deploy", "demo", "--backend", "toy", "--json")
    assert deployed.json["at_gateway"]["supports_structured_outputs"] is False


def test_it_is_refused_what_it_does_not_know_and_installed_by_nobody(house: House) -> None:
    refused = house("deploy", "demo", "--backend", "toy", "--backend-arg=--host=0.0.0.0", "--json")
    assert (refused.status, refused.error["message"]) == (2, "`--host=0.0.0.0` is not allowed for Toy")
    missing = house("backend", "install", "toy", "--json")
    assert missing.status == 7
    assert missing.error["message"] == "no build of `toy` for `cpu` is known"


def test_without_estimates_its_memory_is_its_own_and_the_plan_says_so(house: House) -> None:
    (house.folder / "estimates.py").unlink()
    planned = house("plan", "demo", "--backend", "toy", "--json").json["chosen"]
    memory = planned["memory_per_gpu"]
    assert memory["total_bytes"] == memory["weights_bytes"] > 0
    assert memory["total_high_bytes"] == memory["available_bytes"]
    assert (planned["max_model_len"], planned["max_num_seqs"], planned["kv_cache_tokens"]) == (None, None, None)
    told = house("plan", "demo", "--backend", "toy").stdout
    assert "toy manages its own memory, so only its weights are counted; to set more aside: --max-memory SIZE" in told
    assert "chosen by toy" in told
    explained = house("plan", "demo", "--backend", "toy", "--explain").stdout
    assert "unknown: toy manages its own memory" in explained

    deployed = house("deploy", "demo", "--backend", "toy", "--max-memory", "256MiB", "--json")
    assert deployed.status == 0, deployed.stderr
    assert (deployed.json["status"], deployed.json["memory"]["estimated_bytes"]) == ("ready", 256 << 20)
    assert "--ctx-size" not in deployed.json["argv"]
    assert house("stop", "demo", "--json").json[0]["status"] == "stopped"
    elsewhere = house("plan", "demo", "--backend", "toy", "--hardware", "rtx-4090", "--json").json["rejected"]
    assert {item["code"] for item in elsewhere} == {"no_backend"}  # no row says what it runs on, and none is there


def test_on_a_gpu_without_estimates_it_is_told_no_share(house: House) -> None:
    (house.folder / "estimates.py").unlink()
    plan = ("plan", "demo", "--backend", "toy", "--hardware", "rtx-4090", "--json")
    builds = house.folder.parents[3] / "catalogs" / "backends.csv"
    text = builds.read_text()
    builds.unlink()
    builds.write_text(f"{text}toy,cuda,1.4.2,,,,,its own page\n")
    chosen = house(*plan).json["chosen"]
    assert (chosen["backend_version"], chosen["gpu_indices"], chosen["gpu_memory_utilization"]) == ("1.4.2", [0], None)
    assert "quantization: BF16, the format of the files; its kernels in toy are not in our tables" in chosen["reasons"]
    small = house(*plan, "--max-memory", "1MiB").json
    assert ("no_memory", 1 << 20) in {(item["code"], item["available_bytes"]) for item in small["rejected"]}
    enough = house(*plan, "--max-memory", "64MiB").json["chosen"]["memory_per_gpu"]
    assert (enough["total_bytes"], enough["available_bytes"]) == (64 << 20, 64 << 20)
    assert house(*plan, "--context-length", "max").json["chosen"]["max_model_len"] == 2048


CANDIDATE = Candidate(backend="toy", repo_id="lab/chat", max_model_len=1024)
LAUNCH = Launch(location="/models/chat", served_model_names=("chat",), device="cpu")
BESIDE = (Served(location="/models/embed", served_model_names=("embed",)),)


def test_it_serves_several_models_in_one_process_over_a_socket() -> None:
    toy = Backend("toy", "tests.backends.toy")
    launch = Launch(location="/m/chat", served_model_names=("chat",), device="cpu", socket="/run/toy", beside=BESIDE)
    assert toy.command_line(CANDIDATE, launch).argv == (
        *("toy-server", "run", "--socket", "/run/toy", "--name", "chat", "--ctx-size", "1024"),
        *("--also", "embed=/models/embed", "/m/chat"),
    )


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    ("changes", "said"),
    [({"socket": "/run/x"}, "listens on a port only"), ({"beside": BESIDE}, "serves one model in a process")],
)
def test_who_cannot_says_so(name: str, changes: dict[str, Any], said: str) -> None:
    launch = Launch(location="/m/chat", served_model_names=("chat",), **changes)
    if "socket" in changes and BACKENDS[name].runs.over_socket:
        assert "/run/x" in BACKENDS[name].command_line(CANDIDATE, launch).argv
        return
    if "beside" in changes and BACKENDS[name].runs.several:
        assert "/models/embed" in " ".join(BACKENDS[name].command_line(CANDIDATE, launch).argv)
        return
    with pytest.raises(Usage, match=said):
        BACKENDS[name].command_line(CANDIDATE, launch)


def test_a_capability_that_is_not_there_is_lacking_but_a_broken_one_is_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare_backend"
    bare.mkdir()
    (bare / "about.py").write_text((TOY / "about.py").read_text())
    (bare / "estimates.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    backend = Backend("bare", "bare_backend")
    assert backend.installs is None
    assert backend.probes.program == "bare"
    assert backend.explains.read_log_line("anything") is None
    assert backend.explains.diagnose("torch.OutOfMemoryError: CUDA out of memory. Tried 1 GiB", 1).cause.startswith(
        "the GPU"
    )
    assert backend.explains.diagnose("", 3).cause == "Toy ended with exit status 3"
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        _ = backend.estimates
