"""What `deploy` ends with: the address, a call that works, and the receipt."""

from __future__ import annotations

from io import StringIO

import pytest
from inline_snapshot import snapshot

from modelscan import dataclasses
from modelscan.cli.output.live import DeployView, curl_lines
from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import PlainPrinter
from modelscan.model import Deployment, DeploymentMemory, Measured, Pricing
from modelscan.running.deploy import Deployed
from modelscan.system.clock import SystemClock
from modelscan.units import GIB

READY = Deployment(
    id="1",
    name="qwen3-8b",
    model="qwen/qwen3-8b",
    backend="vllm",
    status="ready",
    base_url="http://127.0.0.1:8080",
    openai_base_url="http://127.0.0.1:8080/v1",
    served_model_names=("qwen3-8b", "qwen/qwen3-8b"),
    memory=DeploymentMemory(estimated_bytes=int(19.5 * GIB), measured_bytes=int(18.75 * GIB)),
    measured=Measured(ttft_ms=41.2, decode_tokens_per_second=93.41),
)


def shown(deployment: Deployment, price: Pricing | None = None) -> str:
    stream = StringIO()
    view = DeployView(Output(), SystemClock())
    view.show_result(PlainPrinter(stream), Deployed(deployment=deployment, hosted_price=price))
    return stream.getvalue()


def test_the_receipt() -> None:
    assert shown(READY, Pricing(input=0.05, output=0.4)) == snapshot("""\
Deployed at http://127.0.0.1:8080

  curl http://127.0.0.1:8080/v1/chat/completions \\
    -H 'Content-Type: application/json' \\
    -d '{"model": "qwen3-8b", "messages": [{"role": "user", "content": "Hello"}]}'

Memory        19.50 GiB predicted, 18.75 GiB measured
First token   41 ms
Speed         93.4 tokens/s in the readiness probe
Hosted price  $0.05 in, $0.4 out, per million tokens
Open to       every user of this machine; --api-key-env VAR requires a key
""")


@pytest.mark.parametrize("task", ["chat", "completion", "embed", "rerank", "speech-to-text", "text-to-image"])
def test_the_call_asks_the_endpoint_of_the_task_with_the_key(task: str) -> None:
    lines = curl_lines(dataclasses.replace(READY, task=task, api_key_env="MY_KEY"))  # type: ignore[arg-type]
    path = {
        "chat": "/chat/completions",
        "completion": "/completions",
        "embed": "/embeddings",
        "rerank": "/rerank",
        "speech-to-text": "/audio/transcriptions",
        "text-to-image": "/images/generations",
    }[task]
    assert lines[0] == f"curl http://127.0.0.1:8080/v1{path} \\"
    assert '  -H "Authorization: Bearer $MY_KEY" \\' in lines
