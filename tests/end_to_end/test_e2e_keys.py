"""Keys on a real vLLM: wrong and absent ones get 401, and the key itself is found in nothing that others can read."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import Run, command_lines, status_of

pytestmark = pytest.mark.slow

# vLLM 0.32.0 guards what begins with /v1, /v2 and /inference; the others are left open, which is why only loopback is
# served.
GUARDED = (
    *("/v1/models", "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"),
    *("/v1/rerank", "/v2/rerank", "/v2/embed", "/inference/v1/generate"),
)


def test_a_key_guards_the_endpoint_and_is_written_nowhere(
    run: Run, modelscan: Callable[..., Any], real_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"planted-{secrets.token_hex(12)}"
    monkeypatch.setenv("PLANTED_KEY", key)
    monkeypatch.setenv("HF_TOKEN", f"hf_{key}")
    deployment = modelscan("deploy", "demo", "--yes", "--name", "guarded", "--api-key-env", "PLANTED_KEY")
    try:
        for path in GUARDED:
            answers = [status_of(deployment["port"], path, given) for given in (None, "wrong", f"{key}x", key[:-1])]
            assert answers == [401] * 4, path
            assert status_of(deployment["port"], path, key) != 401, path
        assert "modelscan" in modelscan("run", "guarded", "What is modelscan?", "--temperature", "0")["answer"]
        told = run("-m", "modelscan", "status", "guarded").stdout + run("-m", "modelscan", "logs", "guarded").stdout
        assert key not in told
        assert not any(key.encode() in line for line in command_lines())
        for path in (real_home / "state").rglob("*"):
            assert not path.is_file() or key.encode() not in path.read_bytes(), path
    finally:
        run("-m", "modelscan", "remove", "guarded", check=False)
