"""Words that go into a backend's command line are checked before anything is looked up: usage, 2, with the list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.conftest import Modelscan

from modelscan.errors import Usage
from modelscan.model import PlanRequest
from modelscan.selecting.words import DTYPES, KV_CACHE_DTYPES, checked_words


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
