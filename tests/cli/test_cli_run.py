"""`run`: from a name to an answer, through the real entry point and a backend that says `onetwothree`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan

pytestmark = pytest.mark.usefixtures("vllm")


@pytest.fixture(autouse=True)
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What is piped in: nothing, unless the test says so."""

    def pipe(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    pipe("")
    return pipe


def requests_of(modelscan: Modelscan, name: str) -> list[dict[str, object]]:
    """What the backend was asked, newest last; the fake one writes it to its log."""
    lines = modelscan("logs", name).stdout.splitlines()
    return [json.loads(line.partition("ASKED ")[2]) for line in lines if "ASKED " in line]


def test_a_model_is_deployed_and_answers_and_the_talk_is_on_stderr(modelscan: Modelscan) -> None:
    ran = modelscan("run", "demo", "What is a GPU?")
    assert (ran.status, ran.stdout) == (0, "onetwothree\n")
    assert "Selects quantization: FP32" in ran.stderr
    assert "Starting deployment..." in ran.stderr
    again = modelscan("run", "modelscan/demo", "And a CPU?", "--system", "Be brief.", "--max-tokens", "9")
    assert (again.status, again.stdout, again.stderr) == (0, "onetwothree\n", "")
    asked = requests_of(modelscan, "demo")[-1]
    assert asked["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "And a CPU?"},
    ]
    assert (asked["max_tokens"], asked["stream"], asked["model"]) == (9, True, "demo")
    assert "temperature" not in asked


def test_what_is_piped_in_is_added_to_the_prompt(modelscan: Modelscan, piped: Callable[[str], None]) -> None:
    piped("line one\nline two\n")
    assert modelscan("run", "demo", "Summarize:", "-q").stderr == ""
    piped("only this\n")
    modelscan("run", "demo")
    contents = [asked["messages"][0]["content"] for asked in requests_of(modelscan, "demo")[-2:]]  # type: ignore[index]
    assert contents == ["Summarize:\n\nline one\nline two", "only this"]


@pytest.mark.slow
def test_a_stopped_deployment_is_started_and_used_however_it_was_asked_for(modelscan: Modelscan) -> None:
    first = modelscan("deploy", "demo", "--context-length", "512", "--name", "mine", "--json").json
    modelscan("stop", "mine")
    assert modelscan("run", "demo", "hello", "-q").stdout == "onetwothree\n"
    assert [(item["id"], item["status"]) for item in modelscan("list", "--json").json] == [(first["id"], "ready")]
    differently = modelscan("run", "demo", "hello", "--name", "mine", "--context-length", "256", "--json")
    assert (differently.status, differently.error["code"]) == (8, "conflict")


def test_json_is_one_document(modelscan: Modelscan) -> None:
    modelscan("deploy", "demo")
    ran = modelscan("run", "demo", "hello", "--json")
    document = ran.json
    assert (ran.status, ran.stderr) == (0, "")
    assert document.pop("ttft_ms") > 0
    assert document.pop("decode_tokens_per_second") > 0
    assert document == {
        "deployment": "demo",
        "model": "modelscan/demo",
        "answer": "onetwothree",
        "reasoning": None,
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 2, "completion_tokens": 3},
    }


def test_nothing_to_ask_is_usage_and_deploys_nothing(modelscan: Modelscan) -> None:
    ran = modelscan("run", "demo")
    assert (ran.status, ran.stderr) == (
        2,
        "error: no prompt was given, and stdin is empty\nhint: modelscan run ID 'your question'\n",
    )
    assert modelscan("list", "--json").json == []


def test_a_model_of_another_task_is_refused_before_anything_starts(modelscan: Modelscan, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "bert", "architectures": ["BertModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    ran = modelscan("run", str(folder), "hello")
    assert ran.status == 2, ran.stderr
    assert ran.stderr.splitlines()[-3:] == [
        f"error: `{folder}` turns text into embeddings and does not answer prompts",
        f"hint: modelscan deploy {folder}",
        "hint: send requests to its endpoint: http://127.0.0.1:PORT/v1/embeddings",
    ]
    assert modelscan("list", "--json").json == []


@pytest.mark.slow
def test_a_model_without_a_chat_template_completes(modelscan: Modelscan, folder: Path) -> None:
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    (folder / "mood").write_text("no-template")
    assert modelscan("run", str(folder), "Once upon", "-q").stdout == "onetwothree\n"
    asked = requests_of(modelscan, "tiny")[-1]
    assert (asked["prompt"], asked["max_tokens"]) == ("Once upon", 256)


@pytest.mark.slow
def test_what_the_backend_says_is_passed_on(modelscan: Modelscan) -> None:
    modelscan("deploy", "demo")
    ran = modelscan("run", "demo", "too long", "--json")
    assert (ran.status, ran.stdout, ran.error["code"]) == (7, "", "backend_failed")
    assert ran.error["details"]["cause"] == ["This prompt is too long."]


@pytest.mark.slow
def test_the_key_is_read_from_its_variable(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_KEY", "planted-secret-123")
    assert modelscan("run", "demo", "hello", "--api-key-env", "DEMO_KEY", "-q").stdout == "onetwothree\n"
    monkeypatch.setenv("DEMO_KEY", "another")
    wrong = modelscan("run", "demo", "hello", "--json")
    assert (wrong.status, wrong.error["code"]) == (6, "unauthorized")
    monkeypatch.delenv("DEMO_KEY")
    unset = modelscan("run", "demo", "hello")
    assert unset.status == 1
    assert unset.stderr.endswith("hint: export DEMO_KEY=…\n")


@pytest.mark.slow
def test_a_proxy_is_not_asked(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert modelscan("run", "demo", "hello", "-q").stdout == "onetwothree\n"


class Terminal:
    """The program on a terminal of its own: what is typed, and all that was seen."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-m", "modelscan", *arguments])  # noqa: S606
        self.seen = ""

    def until(self, words: str, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._descriptor], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._descriptor, 65_536).decode("utf-8", "replace")
                except OSError:
                    break
        assert words in self.seen, self.seen
        self.seen = self.seen.partition(words)[2]

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def end(self, seconds: float = 20.0) -> int:
        deadline = time.monotonic() + seconds
        while not (ended := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.05)
        os.close(self._descriptor)
        return os.waitstatus_to_exitcode(ended[1])


@pytest.fixture
def chat(modelscan: Modelscan) -> Iterator[Terminal]:
    modelscan("deploy", "demo")
    terminal = Terminal("run", "demo")
    terminal.until(">>> ")
    yield terminal
    with contextlib.suppress(ChildProcessError, ProcessLookupError):  # it has ended, and that was collected
        os.kill(terminal.pid, signal.SIGKILL)
        os.waitpid(terminal.pid, 0)


def test_a_chat_remembers_and_ends_with_ctrl_d(modelscan: Modelscan, chat: Terminal) -> None:
    chat.type("first\r")
    chat.until("onetwothree")
    chat.until(">>> ")
    chat.type("second\r")
    chat.until("onetwothree")
    chat.until(">>> ")
    chat.type("\x04")
    assert chat.end() == 0
    assert requests_of(modelscan, "demo")[-1]["messages"] == [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "onetwothree"},
        {"role": "user", "content": "second"},
    ]


@pytest.mark.slow
def test_words_with_a_slash_are_for_the_chat_and_not_for_the_model(modelscan: Modelscan, chat: Terminal) -> None:
    chat.type("first\r")
    chat.until("onetwothree")
    chat.until(">>> ")
    chat.type("/help\r")
    chat.until("forget the conversation")
    chat.until(">>> ")
    chat.type("/clear\r")
    chat.until("new conversation")
    chat.until(">>> ")
    chat.type("second\r")
    chat.until("onetwothree")
    chat.until(">>> ")
    chat.type("/bye\r")
    assert chat.end() == 0
    assert requests_of(modelscan, "demo")[-1]["messages"] == [{"role": "user", "content": "second"}]


def test_ctrl_c_ends_the_answer_and_not_the_chat(modelscan: Modelscan, chat: Terminal) -> None:
    chat.type("for ever\r")
    chat.until("word word word")
    chat.type("\x03")
    chat.until(">>> ")
    chat.type("short\r")
    chat.until("onetwothree")
    os.kill(chat.pid, signal.SIGTERM)
    assert chat.end() == 130
    assert requests_of(modelscan, "demo")[-1]["messages"][-1] == {"role": "user", "content": "short"}  # type: ignore[index]


def test_no_escape_sequence_of_a_model_reaches_the_terminal(chat: Terminal) -> None:
    chat.type("escape\r")
    chat.until("escape\r\n[31mred")
    chat.until(">>> ")
    chat.type("\x04")
    assert chat.end() == 0


@pytest.mark.slow
def test_an_answer_breaks_between_words(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    modelscan("deploy", "demo")
    monkeypatch.setenv("COLUMNS", "23")
    terminal = Terminal("run", "demo", "for ever")
    terminal.until("word word word word wo")
    terminal.until("\x1b[2D\x1b[K\r\nwo")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 130
