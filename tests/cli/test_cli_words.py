"""Words that go into a backend's command line are checked before anything is looked up: usage, 2, with the list."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.errors import Usage
from modelscan.model import PlanRequest
from modelscan.running.shell import left_out, shell_note
from modelscan.selecting.words import DTYPES, KV_CACHE_DTYPES, checked_words
from modelscan.storage.shipped import shipped


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--dtype", "int3"], "`--dtype int3` is not one of auto, bfloat16, float16, float32", "leave it out"),
        (["--dtype", "bfloat61"], "`--dtype bfloat61` is not one of", "did you mean `--dtype bfloat16`?"),
        (["--kv-cache-dtype", "fp9"], "`--kv-cache-dtype fp9` is not one of auto, bfloat16", "did you mean `--kv-cache-dtype fp8`?"),
        (["--backend-version", "banana"], "`--backend-version banana` is not a version", "write it like 0.33.0"),
        (["--backend-version", "0.33; rm -rf ~"], "`--backend-version 0.33; rm -rf ~` is not a version", "write it like 0.33.0"),
        (["--backend-arg=--dtype=int3"], "`--dtype int3` is not one of", "leave it out"),
        (["--backend-arg=--kv-cache-dtype=fp9"], "`--kv-cache-dtype fp9` is not one of", "did you mean"),
    ],
)  # fmt: skip
def test_a_word_that_no_backend_knows(modelscan: Modelscan, options: list[str], message: str, hint: str) -> None:
    for command in (["plan", "qwen/qwen3-8b", "--hardware", "rtx-4090"], ["deploy", "qwen/qwen3-8b"]):
        ran = modelscan(*command, *options)
        assert (ran.status, ran.stdout) == (2, "")
        error, first = (
            line
            for line in ran.stderr.splitlines()
            if line.startswith(("error: ", "hint: did", "hint: write", "hint: leave"))
        )
        assert error.startswith(f"error: {message}")
        assert first.startswith(f"hint: {hint}")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("bf16", "bfloat16"), ("FP16", "float16"), ("half", "float16"), ("Float32", "float32"), ("auto", None)],
)
def test_other_names_are_followed(said: str, meant: str | None) -> None:
    request = PlanRequest(model="x", dtype=said, kv_cache_dtype="turboquant_4bit_nc", backend_version="0.33.0+cu130")
    checked = checked_words(request)
    assert (checked.dtype, checked.kv_cache_dtype, checked.backend_version) == (
        meant,
        "turboquant_4bit_nc",
        "0.33.0+cu130",
    )


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_typed_a_checked_word_is_harmless(dtype: str, cache: str, version: str) -> None:
    try:
        checked = checked_words(PlanRequest(model="x", dtype=dtype, kv_cache_dtype=cache, backend_version=version))
    except Usage:
        return
    assert checked.dtype in {*DTYPES, None}
    assert (
        checked.kv_cache_dtype is None
        or checked.kv_cache_dtype in KV_CACHE_DTYPES
        or checked.kv_cache_dtype.startswith("turboquant_")
    )
    assert version[:1].isdigit()


def test_what_of_the_shell_does_not_reach_the_backend() -> None:
    shell = {
        "VLLM_ATTENTION_BACKEND": "FLASHINFER", "NCCL_P2P_DISABLE": "1", "OMP_NUM_THREADS": "4", "TRITON_CACHE_DIR": "/x",
        "VLLM_API_KEY": "secret", "CUDA_CACHE_PATH": "/y", "EDITOR": "vi",
    }  # fmt: skip
    assert left_out(shell, {"OMP_NUM_THREADS": "8"}) == (
        "NCCL_P2P_DISABLE",
        "TRITON_CACHE_DIR",
        "VLLM_ATTENTION_BACKEND",
    )
    assert shell_note({"EDITOR": "vi"}, {}) is None
    many = shell_note({f"NCCL_X{number:02}": "1" for number in range(12)}, {})
    assert many is not None
    assert "NCCL_X07 and 4 more; to pass them: --env NCCL_X00" in many.message


@pytest.mark.slow
def test_deploy_says_it_with_the_option(modelscan: Modelscan, vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCCL_DEBUG", "INFO")
    ran = modelscan("deploy", "demo", "--name", "a")
    assert "the backend does not get NCCL_DEBUG; to pass them: --env NCCL_DEBUG" in ran.stderr
    modelscan("remove", "a")
    ran = modelscan("deploy", "demo", "--name", "a", "--env", "NCCL_DEBUG")
    assert "does not get" not in ran.stderr
    modelscan("remove", "a")


def test_one_sentence_for_clients_in_containers_and_for_reboots(modelscan: Modelscan, vllm: Path) -> None:
    ran = modelscan("deploy", "demo", "--host", "172.17.0.1")
    assert ran.status == 2
    assert ran.stderr == snapshot("""\
error: `--host 172.17.0.1` would expose the endpoint to the network
  a backend's own API key protects only some of its routes, so only loopback addresses are allowed
hint: the gateway lets others in, with a key: modelscan gateway keys add NAME
hint: then, without --host here: modelscan gateway restart --host 172.17.0.1
hint: a client in a container on this machine reaches 127.0.0.1 too: docker run --network host …
""")
    ran = modelscan("deploy", "demo", "--name", "a", "--restart", "always")
    assert "note: a reboot ends it; to start it then, add to `crontab -e`: @reboot modelscan start a" in ran.stderr
    modelscan("remove", "a")


def test_a_config_alone_can_be_planned_and_not_deployed(modelscan: Modelscan, vllm: Path, tmp_path: Path) -> None:
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "config.json").write_bytes((shipped("demo") / "config.json").read_bytes())
    assert modelscan("plan", str(folder), "--json").json["feasible"]
    ran = modelscan("deploy", str(folder), "--json")
    assert (ran.status, ran.error["message"]) == (1, f"`{folder}` has no weights that a backend can load")
