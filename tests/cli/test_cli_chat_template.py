"""The chat template is read, not only looked for: a parser that it does not write for is left out, and that is said."""

from __future__ import annotations

from collections.abc import Callable

from inline_snapshot import snapshot
from tests.cli.driver import Ran
from tests.hubs.hub_server import HubServer, Repo

HERMES = b"{% if tools %}<tool_call>{{ call | tojson }}</tool_call>{% endif %}{{ messages }}"
XML = b"{% if tools %}<function={{ call.name }}></function>{% endif %}{{ messages }}"


PLAN = ("plan", "Qwen/Qwen3-0.6B", "--quantization", "BF16", "--hardware", "rtx-4090")


def planned(run: Callable[..., Ran], hub: HubServer, template: bytes) -> Ran:
    """A plan of a model that calls tools, whose repo has this chat template."""
    hub.repos["Qwen/Qwen3-0.6B"] = Repo(files={**hub.repos["lab/tiny"].files, "chat_template.jinja": template})
    run("pull", *PLAN[1:4])
    return run(*PLAN)


def about_parsers(ran: Ran) -> list[str]:
    assert ran.status == 0, ran.stderr
    return [line for line in ran.stdout.splitlines() if "parser" in line]


def test_that_of_the_line_writes_its_format(run: Callable[..., Ran], hub: HubServer) -> None:
    assert about_parsers(planned(run, hub, HERMES)) == snapshot(
        [
            "Model         reasoning-parser qwen3, tool-call-parser hermes, from gpustack (for --reasoning-parser=deepseek_r1: Qwen3 has a parser of its own) and the chat format of qwen 3"
        ]
    )


def test_one_that_writes_another_format(run: Callable[..., Ran], hub: HubServer) -> None:
    assert about_parsers(planned(run, hub, XML)) == snapshot(
        [
            "Model         reasoning-parser qwen3, from gpustack (for --reasoning-parser=deepseek_r1: Qwen3 has a parser of its own)",
            "Model         its chat template has no `<tool_call>`, which hermes reads, so no tool-call parser is set: tool calls arrive as text in the answer; if you know it: --backend-arg=--tool-call-parser=NAME --backend-arg=--enable-auto-tool-choice",
        ]
    )
