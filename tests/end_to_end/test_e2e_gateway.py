"""The gateway in front of a real vLLM: two deployments, the clients that users have, and kill -9 in the middle."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from tests.end_to_end.calls import assert_as_in_reference
from tests.end_to_end.conftest import Run, runs

from modelscan.routing.gateway_files import gateway_files
from modelscan.services.files import read_status
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import Paths, paths_below
from modelscan.storage.shipped import shipped

pytestmark = pytest.mark.slow
Modelscan = Callable[..., Any]
PORT = 8490
QUESTION: Any = [{"role": "user", "content": "What is modelscan?"}]
# Those of `make test-all`, or the first three: each but the first two costs another start.
VICTIMS = ("gateway", "its supervisor", "upstream", "supervisor", "upstream")[: 5 if "KILL_ROUNDS" in os.environ else 3]
_SETTLED_SECONDS = 180.0


@pytest.fixture(scope="module")
def gateway(run: Run, modelscan: Modelscan) -> Iterator[str]:
    """A gateway that asks for a key, which is what this is, in front of a deployment that starts on demand."""
    run("-m", "modelscan", "gateway", "keys", "revoke", "e2e", check=False)
    key: str = modelscan("gateway", "keys", "add", "e2e")["key"]
    run("-m", "modelscan", "gateway", "start", "--port", str(PORT))
    modelscan("deploy", "demo", "--yes", "--name", "gw-chat", "--on-demand")
    yield key
    run("-m", "modelscan", "gateway", "stop", check=False)
    run("-m", "modelscan", "gateway", "keys", "revoke", "e2e", check=False)
    for name in ("gw-chat", "gw-embed"):
        run("-m", "modelscan", "remove", name, check=False)
    run("-m", "modelscan", "model", "remove", "gw-model", check=False)


def said(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_clients_of_openai_and_anthropic(gateway: str, modelscan: Modelscan, run: Run) -> None:
    modelscan("model", "add", "gw-model", "--type", "embed", "--set", f"local_path={shipped('demo')}")
    modelscan("deploy", "gw-model", "--yes", "--name", "gw-embed")
    base = f"http://127.0.0.1:{PORT}"
    with openai.OpenAI(base_url=f"{base}/v1", api_key=gateway) as client:
        assert {"gw-chat", "gw-embed"} <= {item.id for item in client.models.list()}
        asked: Any = {"model": "gw-chat", "messages": QUESTION, "max_tokens": 40, "temperature": 0}
        whole = client.chat.completions.create(**asked)
        assert "modelscan" in whole.choices[0].message.content
        assert said(client.chat.completions.create(**asked, stream=True)) == whole.choices[0].message.content
        assert len(client.embeddings.create(model="gw-embed", input=["a", "b"]).data) == 2
        answer = client.responses.create(model="gw-chat", input="What is modelscan?", max_output_tokens=40)
        assert "modelscan" in answer.output_text
        assert_as_in_reference(base, "vllm", {"chat": "gw-chat", "embed": "gw-embed"}, key=gateway)
        with pytest.raises(openai.NotFoundError, match="did you mean `gw-chat`"):
            client.chat.completions.create(**{**asked, "model": "gw-chatt"})
    with openai.OpenAI(base_url=base, api_key="sk-wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    with anthropic.Anthropic(base_url=base, auth_token=gateway) as claude:
        message = claude.messages.create(model="gw-chat", max_tokens=40, messages=QUESTION)
        assert "modelscan" in message.content[0].text  # type: ignore[union-attr]
        with claude.messages.stream(model="gw-chat", max_tokens=40, messages=QUESTION) as stream:
            assert "modelscan" in stream.get_final_text()
        counted = claude.messages.count_tokens(model="gw-chat", messages=QUESTION).input_tokens
        assert counted == message.usage.input_tokens
    with anthropic.Anthropic(base_url=base, api_key=gateway) as claude, pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="gw-other", max_tokens=4, messages=QUESTION)
    time.sleep(1.5)  # the figures are written every second
    used = {
        (item["key"], item["model"], item["type"]): item["tokens"] for item in modelscan("gateway", "status")["tokens"]
    }
    assert {kind for key, model, kind in used if (key, model) == ("e2e", "gw-chat")} == {"input", "output"}
    assert used["e2e", "gw-chat", "input"] >= 4 * counted
    assert used["e2e", "gw-embed", "input"] > 0
    metrics = httpx.get(f"{base}/metrics", headers={"authorization": f"Bearer {gateway}"}).text
    line = 'modelscan_gateway_tokens_total{key="e2e",model="gw-chat",type="input"}'
    assert f"{line} {used['e2e', 'gw-chat', 'input']}\n" in metrics
    assert gateway not in metrics + run("-m", "modelscan", "gateway", "logs").stdout


class Clients:
    """Two that stream all the time; what they saw is judged."""

    def __init__(self, key: str) -> None:
        self.whole = self.told = 0
        self.cut: list[str] = []
        self._key = key
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        url = f"http://127.0.0.1:{PORT}/v1/chat/completions"
        body = {"model": "gw-chat", "messages": QUESTION, "max_tokens": 40, "stream": True}
        while not self._over.is_set():
            text = ""
            try:
                with httpx.stream("POST", url, json=body, headers={"x-api-key": self._key}, timeout=300) as answer:
                    for part in answer.iter_text():
                        text += part
                    if answer.status_code != 200 or '"error"' in text:
                        self.told += 1
                    elif text.endswith("data: [DONE]\n\n"):
                        self.whole += 1
                    else:
                        self.cut.append(text)
            except httpx.HTTPError:
                self.told += 1
            if self.told:
                time.sleep(0.05)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(300)


def victim_of(role: str, demo: Any, paths: Paths) -> int:
    files = gateway_files(paths)
    if role == "gateway":
        return int(read_status(files)["pid"])
    if role == "its supervisor":
        return int(read_status(files)["supervisor"])
    if role == "upstream":
        return int(demo["pid"])
    supervisor = live_supervisor(paths.deployments_folder / demo["id"] / "lock", demo["id"])
    assert supervisor is not None
    return supervisor.pid


def test_killed_in_the_middle_of_streams(gateway: str, modelscan: Modelscan, run: Run, real_home: Path) -> None:
    """An error or an answer, never a silent cut; what is shown is true; nothing is started twice."""
    chance = random.Random(15)  # noqa: S311  repeatable, not secret
    paths = paths_below(real_home)
    clients = Clients(gateway)
    until(lambda: clients.whole > 3, "it to answer")
    try:
        for role in VICTIMS:
            demo = modelscan("status", "gw-chat")
            time.sleep(chance.uniform(0.1, 1.0))
            victim = victim_of(role, demo, paths)
            whole = clients.whole
            os.kill(victim, signal.SIGKILL)
            until(lambda: not runs(victim), f"{role} to end")  # noqa: B023
            if role == "its supervisor":
                run("-m", "modelscan", "gateway", "start", "--port", str(PORT))
            until(lambda: clients.whole > whole + 2, f"answers after {role} was killed")  # noqa: B023
            shown = modelscan("status", "gw-chat")
            assert (shown["status"], runs(shown["pid"])) == ("ready", True), role
    finally:
        clients.end()
    assert (clients.cut, clients.told > 0) == ([], True)
    kinds = [event["kind"] for event in modelscan("events", "gw-chat")]
    ready_or_failed = kinds.count("ready") + kinds.count("failed")
    assert kinds.count("starting") <= ready_or_failed, kinds


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SETTLED_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.1)
