"""`--backend ollama`: the user's Ollama has the models, we have them pulled, loaded and unloaded."""

from __future__ import annotations

import io
import re

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, free_port
from tests.fake_ollama import IN_REGISTRY, FakeOllama


def test_a_model_from_pull_to_purge(modelscan: Modelscan, ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(text: str) -> str:
        return text.replace(str(ollama.port), "PORT")

    ollama.on_gpu = 0.5
    made = modelscan("deploy", "qwen3:0.6b", "--backend", "ollama")
    assert (made.status, shown(made.stdout), shown(made.stderr)) == snapshot(
        (
            0,
            """\
Starting deployment...
Deployed at http://127.0.0.1:PORT

  curl http://127.0.0.1:PORT/v1/chat/completions \\
    -H 'Content-Type: application/json' \\
    -d '{"model": "qwen3:0.6b", "messages": [{"role": "user", "content": "Hello"}]}'

Memory  not predicted, 754.44 MiB measured
""",
            """\
Ollama pulls qwen3:0.6b
pulling manifest
pulling 7df6b6e09427: 124.61 MiB of 498.44 MiB
pulling 7df6b6e09427: 249.22 MiB of 498.44 MiB
pulling 7df6b6e09427: 373.83 MiB of 498.44 MiB
pulling 7df6b6e09427: 498.44 MiB of 498.44 MiB
ready
qwen3-0.6b is ready
""",
        )
    )
    assert ollama.asked() == snapshot(
        [
            ("/api/pull", {"model": "qwen3:0.6b", "stream": True}),
            ("/api/generate", {"model": "qwen3:0.6b", "keep_alive": -1, "stream": False}),
        ]
    )
    again = modelscan("deploy", "library/qwen3:0.6b", "--backend", "Ollama", "--json")
    assert (again.json["changed"], again.json["name"], len(ollama.asked())) == (False, "qwen3-0.6b", 2)

    [item] = modelscan("list", "--json").json
    told = ("status", "message", "target", "backend_version", "quantization", "max_model_len", "memory", "repo_id")
    assert {name: item[name] for name in told} == snapshot(
        {
            "status": "ready",
            "message": "50% of it is in GPU memory",
            "target": "ollama",
            "backend_version": "0.12.3",
            "quantization": "Q4_K_M",
            "max_model_len": 4096,
            "memory": {"estimated_bytes": None, "measured_bytes": 791089223, "measured_parts": None},
            "repo_id": "qwen3:0.6b",
        }
    )
    assert re.sub(r"\b\ds\b", "0s", shown(modelscan("list").stdout)) == snapshot("""\
NAME        STATUS  MODEL       BACKEND        ON          MEMORY  PORT  HEALTH  UP  RESTARTS
qwen3-0.6b  ready   qwen3:0.6b  ollama 0.12.3  ollama  0.74/? GiB     -  ok 0s   0s         0
""")
    assert "Runs on" in modelscan("status", "qwen3-0.6b").stdout
    assert shown(modelscan("logs", "qwen3-0.6b").stdout) == snapshot("""\
Ollama keeps one log for all of its models, on the machine at http://127.0.0.1:PORT:
installed as a service of Linux: journalctl --no-pager --pager-end --unit ollama
the app of macOS: cat ~/.ollama/logs/server.log
in a container: docker logs CONTAINER
started by hand: what `ollama serve` prints
""")
    assert shown(modelscan("env", "qwen3-0.6b").stdout) == snapshot("""\
export OPENAI_BASE_URL=http://127.0.0.1:PORT/v1
export OPENAI_API_KEY=none
export MODEL_API_URL=http://127.0.0.1:PORT/v1
export MODEL_NAME=qwen3:0.6b
""")
    monkeypatch.setattr("sys.stdin", io.StringIO("Hello"))
    ran = modelscan("run", "qwen3-0.6b")
    assert (ran.status, ran.stdout, ran.stderr) == (0, "hi\n", "")
    [(_, asked)] = ollama.asked("/v1/chat/completions")
    assert asked["model"] == "qwen3:0.6b"

    assert modelscan("stop", "qwen3-0.6b").status == 0
    assert (ollama.loaded, ollama.asked()[-1][1]["keep_alive"]) == ({}, 0)
    assert modelscan("start", "qwen3-0.6b").status == 0
    assert list(ollama.loaded) == ["qwen3:0.6b"]
    told = [line.split("  ", 1)[1] for line in modelscan("events", "qwen3-0.6b").stdout.splitlines()]
    assert told == snapshot(
        [
            "qwen3-0.6b  pending: weights as they are with ollama",
            "qwen3-0.6b  pulling: downloading qwen3:0.6b",
            "qwen3-0.6b  phase: download",
            "qwen3-0.6b  starting: launching the backend",
            "qwen3-0.6b  phase: launching",
            "qwen3-0.6b  ready: 50% of it is in GPU memory",
            "qwen3-0.6b  stopped: on request",
            "qwen3-0.6b  pending: Q4_K_M with ollama 0.12.3",
            "qwen3-0.6b  starting: launching the backend",
            "qwen3-0.6b  phase: launching",
            "qwen3-0.6b  ready: 50% of it is in GPU memory",
        ]
    )

    removed = modelscan("remove", "qwen3-0.6b", "--purge-weights", "--yes")
    assert (removed.status, removed.stdout, removed.stderr) == snapshot(
        (0, "qwen3-0.6b  removed\n", "Freed 498.44 MiB\n")
    )
    assert (ollama.loaded, ollama.tag("qwen3:0.6b")) == ({}, None)


def test_what_was_there_is_never_deleted(modelscan: Modelscan, ollama: FakeOllama) -> None:
    assert modelscan("deploy", "smollm2:135m", "--backend", "ollama", "--name", "small").status == 0
    assert ollama.asked("/api/pull") == []
    for force in ((), ("--force",)):
        refused = modelscan("remove", "small", "--purge-weights", "--yes", *force)
        assert refused.status == 8
    assert refused.stderr == snapshot("""\
error: modelscan did not fetch `smollm2:135m`
  `ollama` had it before, or has another one of that name by now
hint: keep it: modelscan remove small
""")
    assert modelscan("remove", "small").status == 0
    assert (ollama.loaded, ollama.asked("/api/delete")) == ({}, [])
    assert ollama.tag("smollm2:135m") is not None


def test_what_somebody_pulled_since_is_theirs(modelscan: Modelscan, ollama: FakeOllama) -> None:
    """What we fetched is ours over several deployments, until it is deleted: the same model may come back by itself."""
    assert modelscan("deploy", "qwen3:0.6b", "--backend", "ollama").status == 0
    assert modelscan("remove", "qwen3-0.6b").status == 0
    assert modelscan("deploy", "qwen3:0.6b", "--backend", "ollama").status == 0
    assert modelscan("remove", "qwen3-0.6b", "--purge-weights", "--yes").status == 0
    ollama.tags.append({"name": "qwen3:0.6b", **IN_REGISTRY["qwen3:0.6b"]})
    assert modelscan("deploy", "qwen3:0.6b", "--backend", "ollama").status == 0
    assert modelscan("remove", "qwen3-0.6b", "--purge-weights", "--yes").status == 8
    assert [path for path, _ in ollama.asked("/api/pull", "/api/delete")] == ["/api/pull", "/api/delete"]


def test_two_deployments_of_one_model(modelscan: Modelscan, ollama: FakeOllama) -> None:
    """The other one keeps it in memory, and its files."""
    for name in ("one", "two"):
        assert modelscan("deploy", "qwen3:0.6b", "--backend", "ollama", "--name", name).status == 0
    assert modelscan("remove", "one", "--purge-weights", "--yes").stderr == snapshot("""\
error: `qwen3:0.6b` is in use
  by two
hint: modelscan remove two
""")
    stopped = modelscan("stop", "one")
    assert (stopped.stdout, stopped.stderr, list(ollama.loaded)) == snapshot(
        ("one  stopped\n", "warning: one: it stays loaded for `two`\n", ["qwen3:0.6b"])
    )
    assert modelscan("remove", "two", "one", "--purge-weights", "--yes").status == 0
    assert (ollama.loaded, ollama.tag("qwen3:0.6b")) == ({}, None)


def test_an_embedding_model_is_loaded_by_a_real_call(modelscan: Modelscan, ollama: FakeOllama) -> None:
    made = modelscan("deploy", "all-minilm", "--backend", "ollama", "--json")
    assert (made.json["name"], made.json["task"], made.json["model"]) == ("all-minilm", "embed", "all-minilm:latest")
    assert [path for path, _ in ollama.asked()] == ["/api/pull", "/api/embed"]
    assert modelscan("stop", "all-minilm").status == 0
    assert ollama.loaded == {}


def test_what_others_do_to_it_is_seen(modelscan: Modelscan, ollama: FakeOllama) -> None:
    modelscan("deploy", "smollm2:135m", "--backend", "ollama")
    ollama.loaded.clear()
    [item] = modelscan("list", "--json").json
    assert (item["status"], item["message"]) == ("stopped", "Ollama has unloaded it")
    assert modelscan("deploy", "smollm2:135m", "--backend", "ollama", "--json").json["changed"] is True
    assert list(ollama.loaded) == ["smollm2:135m"]


def test_without_its_daemon(modelscan: Modelscan, home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
    ran = modelscan("deploy", "smollm2:135m", "--backend", "ollama")
    assert (ran.status, ran.stdout, ran.stderr.replace(str(port), "PORT")) == snapshot(
        (
            6,
            "",
            """\
error: Ollama does not answer at `http://127.0.0.1:PORT`
  [Errno 111] Connection refused
hint: start it as you always do: ollama serve
hint: where it is elsewhere: export OLLAMA_HOST=http://HOST:PORT
""",
        )
    )
    assert modelscan("list", "--json").json == []


def test_a_daemon_that_goes_away(modelscan: Modelscan, ollama: FakeOllama) -> None:
    modelscan("deploy", "smollm2:135m", "--backend", "ollama")
    ollama.close()

    def shown(text: str) -> str:
        return text.replace(str(ollama.port), "PORT")

    assert shown(modelscan("list").stdout) == snapshot("""\
NAME          STATUS  MODEL         BACKEND        ON          MEMORY  PORT  HEALTH  UP  RESTARTS
smollm2-135m  failed  smollm2:135m  ollama 0.12.3  ollama  0.50/? GiB     -  -       -          0
smollm2-135m: Ollama does not answer at `http://127.0.0.1:PORT`
""")
    started = modelscan("start", "smollm2-135m")
    assert (started.status, shown(started.stderr)) == snapshot(
        (
            6,
            """\
error: Ollama does not answer at `http://127.0.0.1:PORT`
  [Errno 111] Connection refused
hint: start it as you always do: ollama serve
hint: where it is elsewhere: export OLLAMA_HOST=http://HOST:PORT
""",
        )
    )
    stopped = modelscan("stop", "smollm2-135m")
    assert (stopped.status, shown(stopped.stderr)) == snapshot(
        (0, "warning: smollm2-135m: Ollama does not answer at `http://127.0.0.1:PORT`: nothing was unloaded\n")
    )
    assert modelscan("remove", "smollm2-135m").status == 0


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense:1b",),
        ("gpt-oss:120b-cloud",),
        ("mine",),
        ("qwen3:0.6b", "--context-length", "8k", "--port", "8123"),
        ("qwen3:0.6b", "--dry-run"),
        ("qwen3:0.6b", "--api-key-env", "HOME"),
    ],
)
def test_what_cannot_be(modelscan: Modelscan, ollama: FakeOllama, words: tuple[str, ...]) -> None:
    ran = modelscan("deploy", *words, "--backend", "ollama")
    said = {
        "nonsense:1b": snapshot(
            (
                3,
                """\
Ollama pulls nonsense:1b
pulling manifest
error: Ollama's registry has no `nonsense:1b`
  pull model manifest: file does not exist
hint: what there is: https://ollama.com/search?q=nonsense
""",
            )
        ),
        "gpt-oss:120b-cloud": snapshot(
            (
                2,
                """\
error: `gpt-oss:120b-cloud` runs in Ollama's cloud, not on this machine
hint: modelscan model add --ollama
""",
            )
        ),
        "mine": snapshot(
            (
                2,
                """\
error: `mine:latest` runs in Ollama's cloud, not on this machine
hint: modelscan model add --ollama
""",
            )
        ),
        "qwen3:0.6b --context-length 8k --port 8123": snapshot(
            (
                2,
                """\
error: `--backend ollama` does not take --context-length 8192 --port 8123
  it loads and serves its models as it is set up itself
hint: modelscan deploy qwen3:0.6b --backend ollama
""",
            )
        ),
        "qwen3:0.6b --dry-run": snapshot(
            (
                2,
                """\
error: there is no plan for `--backend ollama`: it lays its models out itself
hint: modelscan deploy qwen3:0.6b --backend ollama
""",
            )
        ),
        "qwen3:0.6b --api-key-env HOME": snapshot(
            (
                2,
                """\
error: `--backend ollama` does not take --api-key-env HOME
  it loads and serves its models as it is set up itself
hint: modelscan deploy qwen3:0.6b --backend ollama
""",
            )
        ),
    }
    assert (ran.status, ran.stderr) == said[" ".join(words)]
    assert ollama.loaded == {}


def test_a_load_that_ollama_refuses(modelscan: Modelscan, ollama: FakeOllama) -> None:
    ollama.refuses = "model requires more system memory (5.6 GiB) than is available (3.1 GiB)"
    ran = modelscan("deploy", "smollm2:135m", "--backend", "ollama")
    assert (ran.status, ran.stderr) == snapshot(
        (
            7,
            """\
failed
error: `smollm2-135m` failed: Ollama could not load it: model requires more system memory (5.6 GiB) than is available (3.1 GiB)
hint: modelscan logs smollm2-135m --tail 50
""",
        )
    )
    ollama.refuses = None
    assert modelscan("deploy", "smollm2:135m", "--backend", "ollama").status == 0


def test_a_pull_that_breaks_off_is_resumed(modelscan: Modelscan, ollama: FakeOllama) -> None:
    ollama.breaks = True
    ran = modelscan("deploy", "qwen3:0.6b", "--backend", "ollama")
    assert (ran.status, ran.stderr) == snapshot(
        (
            6,
            """\
Ollama pulls qwen3:0.6b
pulling manifest
pulling 7df6b6e09427: 124.61 MiB of 498.44 MiB
error: Ollama could not pull `qwen3:0.6b`
  max retries exceeded: connection reset by peer
hint: what is there already is kept: the same command again goes on with it
""",
        )
    )
    ollama.breaks = False
    assert modelscan("start", "qwen3-0.6b").status == 0
    assert list(ollama.loaded) == ["qwen3:0.6b"]


@pytest.mark.slow
def test_a_pull_takes_no_longer_than_it_may(modelscan: Modelscan, ollama: FakeOllama) -> None:
    ollama.pull_pause = 10.0
    ran = modelscan("deploy", "qwen3:0.6b", "--backend", "ollama", "--timeout", "2")
    assert (ran.status, ran.stderr) == snapshot(
        (
            7,
            """\
Ollama pulls qwen3:0.6b
pulling manifest
error: `qwen3-0.6b` did not become ready within 2 s: it was `pulling`
  download
hint: go on where it stopped: modelscan start qwen3-0.6b
hint: modelscan remove qwen3-0.6b
""",
        )
    )
    assert ollama.loaded == {}


@pytest.mark.slow
def test_a_load_takes_no_longer_than_it_may(modelscan: Modelscan, ollama: FakeOllama) -> None:
    ollama.load_pause = 10.0
    ran = modelscan("deploy", "smollm2:135m", "--backend", "ollama", "--timeout", "2")
    assert (ran.status, ran.stderr) == snapshot(
        (
            7,
            """\
error: `smollm2-135m` did not become ready within 2 s: it was `starting`
  launching
hint: go on where it stopped: modelscan start smollm2-135m
hint: modelscan remove smollm2-135m
""",
        )
    )
    [item] = modelscan("list", "--json").json
    assert (item["status"], item["message"]) == snapshot(
        ("stopped", "the command that waited for it ended before it was loaded")
    )
    ollama.load_pause = 0.0
    assert modelscan("deploy", "smollm2:135m", "--backend", "ollama").status == 0
