"""What a model is served for: what it is for, unless `--task` says another thing that it can do."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, free_port

pytestmark = pytest.mark.usefixtures("vllm")


@pytest.mark.parametrize(
    ("task", "runner"), [("chat", "generate"), ("completion", "generate"), ("embed", "pooling"), ("rerank", "pooling")]
)
def test_what_is_asked_is_planned_and_kept_in_commands_and_files(
    modelscan: Modelscan, tmp_path: Path, task: str, runner: str
) -> None:
    planned = modelscan("plan", "demo", "--task", task, "--json").json["chosen"]
    assert planned["task"] == task
    assert planned["argv"][planned["argv"].index("--runner") + 1] == runner
    assert modelscan("plan", "demo", "--task", task).stdout.splitlines()[-1] == (
        f"Run it: modelscan deploy demo --task {task}"
    )
    file = tmp_path / "deployment.yaml"
    file.write_text(modelscan("plan", "demo", "--task", task, "--format", "yaml").stdout)
    again = modelscan("deploy", "--file", str(file), "--dry-run", "--json").json["chosen"]
    assert (again["task"], again["argv"]) == (task, planned["argv"])


def test_what_nobody_asks_for_is_what_the_model_is_for(modelscan: Modelscan) -> None:
    planned = modelscan("plan", "demo", "--json").json["chosen"]
    assert planned["task"] == "chat"
    assert "--runner" not in planned["argv"]


def test_an_embedding_deployment_gets_ready_by_embedding(modelscan: Modelscan) -> None:
    made = modelscan("deploy", "demo", "--task", "embed", "--port", str(free_port()), "--json")
    assert made.status == 0, made.stderr
    assert (made.json["status"], made.json["task"]) == ("ready", "embed")
    again = modelscan("deploy", "demo", "--task", "rerank")
    assert again.status == 8
    assert "  task: embed before, rerank now" in again.stderr.splitlines()


@pytest.mark.parametrize(
    ("model", "task", "said"),
    [
        (
            "BAAI/bge-reranker-v2-m3",
            "chat",
            snapshot("""\
error: `BAAI/bge-reranker-v2-m3` is an encoder: it generates no text, and cannot be served for chat
hint: modelscan catalog list --task chat --open
"""),
        ),
        (
            "openai/whisper-large-v3",
            "embed",
            snapshot("""\
error: `openai/whisper-large-v3` is for speech-to-text, and cannot be served for embed
hint: modelscan catalog list --task embed --open
"""),
        ),
        (
            "demo",
            "text-to-image",
            snapshot("""\
error: `demo` is for chat, and cannot be served for text-to-image
hint: modelscan catalog list --task text-to-image --open
"""),
        ),
        (
            "demo",
            "paint",
            snapshot("""\
error: Invalid value for `--task`: `paint` is not one of `chat`, `completion`, `embed`, `rerank`, `speech-to-text`, `text-to-speech`, `text-to-image`, `text-to-video`, `other`
hint: modelscan plan --help
"""),
        ),
    ],
)
def test_what_it_cannot_do_is_refused(modelscan: Modelscan, model: str, task: str, said: str) -> None:
    ran = modelscan("plan", model, "--task", task)
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr == said


@pytest.mark.slow
def test_a_file_says_it_too(modelscan: Modelscan, tmp_path: Path) -> None:
    file = tmp_path / "modelscan.yaml"
    file.write_text("deployments:\n  vectors:\n    model: demo\n    task: embed\n")
    ran = modelscan("up", str(file))
    assert ran.status == 0, ran.stderr
    assert modelscan("status", "vectors", "--json").json["task"] == "embed"
