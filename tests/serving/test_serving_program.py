"""The program itself: classes that a team wrote, keys, ends. In a process of its own, without any model's library."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import free_port
from tests.serving.conftest import wait_until

TEAM = Path(__file__).with_name("team")
LETTERS = {
    "names": ["letters", "lab/letters"],
    "folder": "/weights",
    "task": "embed",
    "handler": "app.models.letters.LetterEmbedding",
}
PARROT = {"names": ["parrot"], "folder": "/weights", "task": "chat", "handler": "app.models.parrot.Parrot"}


def sha256(name: str) -> str:
    return hashlib.sha256((TEAM / "app" / "models" / f"{name}.py").read_bytes()).hexdigest()


def command(*models: dict[str, Any], root: Path = TEAM) -> list[str]:
    documents = [word for model in models for word in ("--model", json.dumps(model))]
    return [sys.executable, "-m", "modelscan_serving.handlers", "--import-root", str(root), *documents]


@contextmanager
def running(*words: str, **environ: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    port = free_port()
    process = subprocess.Popen(
        [*words, "--port", str(port)],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            wait_until(lambda: process.poll() is not None or answers(client), 120)
            yield client, process
    finally:
        process.kill()
        process.communicate()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def test_two_classes_of_a_team_run_unchanged_in_one_process() -> None:
    letters = {**LETTERS, "sha256": sha256("letters"), "options": {"scale": 2}}
    with running(*command(letters, {**PARROT, "sha256": sha256("parrot")})) as (client, process):
        models = {item["id"]: item["owned_by"] for item in client.get("/v1/models").json()["data"]}
        assert models == {"letters": "the letters team", "lab/letters": "the letters team", "parrot": "local"}
        made = client.post("/v1/embeddings", json={"model": "lab/letters", "input": "Abba"}).json()
        assert (made["data"][0]["embedding"][:3], made["usage"]["total_tokens"]) == ([4.0, 4.0, 0.0], 1)
        body = {"model": "parrot", "messages": [{"role": "user", "content": "one two three four five six"}]}
        answer = client.post("/v1/chat/completions", json=body).json()
        assert answer["choices"][0]["message"]["content"] == "parrot: one two three four"
        assert answer["choices"][0]["finish_reason"] == "length"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM


def test_the_key_is_read_once_and_no_class_sees_it(tmp_path: Path) -> None:
    ask = {"model": "parrot", "messages": [{"role": "user", "content": "keys"}]}
    with running(*command(PARROT), "--key-env", "PARROT_KEY", PARROT_KEY="a-secret", PARROT_NAME="x") as (
        client,
        process,
    ):
        assert client.post("/v1/chat/completions", json=ask).status_code == 401
        answer = client.post("/v1/chat/completions", json=ask, headers={"authorization": "Bearer a-secret"})
        assert answer.json()["choices"][0]["message"]["content"] == "parrot: PARROT_NAME"
        assert b"a-secret" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    (tmp_path / "key").write_text("another\n")
    with running(*command(PARROT), "--key-file", str(tmp_path / "key")) as (client, _):
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"authorization": "Bearer another"}).status_code == 200


def test_a_call_that_runs_at_the_end_is_told_so() -> None:
    ask = {"model": "parrot", "messages": [{"role": "user", "content": "wait"}]}
    with running(*command(PARROT)) as (client, process):
        asking = threading.Thread(target=lambda: client.post("/v1/chat/completions", json=ask), daemon=True)
        asking.start()
        with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as other:
            wait_until(lambda: "running 1" in other.get("/metrics").text)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM
        assert time.monotonic() - began < 4  # less than the grace of a call that goes on
        asking.join(30)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ({**LETTERS, "sha256": "0" * 64}, "letters.py` has changed since it was agreed to"),
        ({**LETTERS, "handler": "app.models.letters.Nobody"}, "letters.py` has no class `Nobody`"),
        ({**LETTERS, "handler": "app.models.nothing.Nobody"}, "nothing.py`: No such file or directory"),
        ({**LETTERS, "task": "rerank"}, "`app.models.letters.LetterEmbedding` has no method `rerank`"),
        ({**PARROT, "options": {"scale": 1}}, "`app.models.parrot.Parrot` does not take `scale`"),
    ],
)
def test_a_class_that_cannot_serve_ends_it_before_anything_is_loaded(model: dict[str, Any], said: str) -> None:
    done = subprocess.run(
        [*command(model), "--port", str(free_port())], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"error: `{model['names'][0]}` cannot be loaded: BadHandler: ")
    assert said in last
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is nothing to serve"),
        (("--model", "{"), "--model: Expecting property name"),
        (("--model", json.dumps({**LETTERS, "task": "poetry"})), "the task of `letters` is one of embed, chat"),
        (("--model", json.dumps({**LETTERS, "colour": 1})), "a model has no key `colour`"),
        (("--model", json.dumps(LETTERS), "--model", json.dumps(LETTERS)), "two models are called `lab/letters`"),
        (("--model", json.dumps(LETTERS), "--key-env", "NO_SUCH_KEY"), "no key in `NO_SUCH_KEY`"),
        (("--file", "/nothing"), "`/nothing`: No such file"),
    ],
)
def test_arguments_that_make_no_sense(words: tuple[str, ...], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "modelscan_serving.handlers", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert said in done.stderr


def test_a_teams_own_base_comes_before_ours(tmp_path: Path) -> None:
    models = tmp_path / "app" / "models"
    models.mkdir(parents=True)
    for folder in (models.parent, models):
        (folder / "__init__.py").write_text("")
    (models / "base.py").write_text("class EmbeddingModel:\n    owned_by = 'their own base'\n")
    (models / "letters.py").write_text(
        (TEAM / "app" / "models" / "letters.py").read_text().replace('    owned_by = "the letters team"\n', "")
    )
    with running(*command(LETTERS, root=tmp_path)) as (client, _):
        assert client.get("/v1/models").json()["data"][0]["owned_by"] == "their own base"
