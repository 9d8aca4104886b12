"""What an answer is bound to: forms and tools, for handlers that know them and for those that do not; calls in a text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from inline_snapshot import snapshot
from openai import OpenAI
from tests.serving.conftest import serving
from tests.serving.fakes import Echo, Streaming

from modelscan_serving.handlers.ours.calls import Calls, Form, form_of, with_objects
from modelscan_serving.handlers.protocols import BadInput, ChatGeneration, ToolCall

SAID: Any = [{"role": "user", "content": "one two"}]
TOOLS: Any = [{"type": "function", "function": {"name": name}} for name in ("look", "listen")]
JSON: Any = {"type": "json_object"}


class Bound(Echo):
    """Keeps what it is bound to; calls the tool that it must, or the first."""

    supports_structured_outputs = True

    def generate_stream(
        self,
        messages: list[dict[str, Any]],
        *,
        response_format: dict[str, Any] | None = None,
        tools: list[dict[str, Any]] | None = None,
        tool_choice: Any = "auto",
        parallel_tool_calls: bool = True,
        **options: Any,
    ) -> Iterator[str | ChatGeneration]:
        given = {"form": response_format, "tools": tools, "choice": tool_choice, "several": parallel_tool_calls}
        self.calls.append((messages, given))
        if messages[-1]["content"] == "refuse":
            raise BadInput("The schema is bad.", "response_format")
        yield "I see. "
        found = [ToolCall(tool["function"]["name"], '{"at": 1}') for tool in tools or ()]
        yield ChatGeneration("I see. ", 2, 3, found, "length" if options["max_new_tokens"] == 3 else "stop")

    def generate(  # type: ignore[override]
        self,
        messages: list[dict[str, Any]],
        *,
        response_format: Any = None,
        tools: Any = None,
        tool_choice: Any = "auto",
        parallel_tool_calls: bool = True,
        **options: Any,
    ) -> ChatGeneration:
        given = {"tool_choice": tool_choice, "parallel_tool_calls": parallel_tool_calls, "tools": tools}
        *_, made = self.generate_stream(messages, response_format=response_format, **given, **options)
        assert isinstance(made, ChatGeneration)
        return made


class Swallows(Echo):
    """Says that it can, and takes no form."""

    supports_structured_outputs = True


class Anything(Streaming):
    """Takes any keyword, which says nothing of tools."""

    def generate(self, messages: list[dict[str, Any]], **options: Any) -> ChatGeneration:
        return super().generate(messages, **options)


BOUND = Bound()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    handlers = {"bound": BOUND, "free": Echo(), "swallows": Swallows(), "anything": Anything()}
    with serving({name: ("chat", handler) for name, handler in handlers.items()}) as found:
        yield found


@pytest.fixture
def openai(client: httpx.Client) -> OpenAI:
    return OpenAI(base_url=f"{client.base_url}/v1", api_key="none", max_retries=0, http_client=client)


def test_a_form_and_tools_reach_the_handler_and_its_calls_the_client(openai: OpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    ask: dict[str, Any] = {"model": "bound", "messages": SAID}
    plain = openai.chat.completions.create(**ask, response_format=form).choices[0]
    assert (plain.message.content, plain.message.tool_calls, plain.finish_reason) == ("I see. ", None, "stop")
    assert BOUND.calls[-1][1] == {"form": form, "tools": None, "choice": "auto", "several": True}
    openai.chat.completions.create(**ask, response_format={"type": "text"}, tools=TOOLS, tool_choice="none")
    assert BOUND.calls[-1][1] == {"form": None, "tools": None, "choice": "auto", "several": True}
    cut = openai.chat.completions.create(**ask, max_tokens=3)
    assert cut.choices[0].finish_reason == "length"

    named: Any = {"type": "function", "function": {"name": "look"}}
    asked: dict[str, Any] = {**ask, "tools": TOOLS, "tool_choice": named, "parallel_tool_calls": False}
    called = openai.chat.completions.create(**asked).choices[0]
    assert BOUND.calls[-1][1] == {"form": None, "tools": TOOLS, "choice": named, "several": False}
    assert (called.message.content, called.finish_reason) == ("I see. ", "tool_calls")
    found: Any = called.message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in found] == [
        ("look", '{"at": 1}'),
        ("listen", '{"at": 1}'),
    ]
    assert len({call.id for call in found}) == 2


def test_a_stream_sends_calls_whole_and_is_refused_with_a_status(client: httpx.Client, openai: OpenAI) -> None:
    ask: dict[str, Any] = {"model": "bound", "messages": SAID, "tools": TOOLS, "stream": True}
    pieces: Any = [piece.choices[0] for piece in openai.chat.completions.create(**ask)]
    assert [piece.delta.content for piece in pieces] == ["", "I see. ", None, None]
    assert [(call.index, call.function.name) for call in pieces[2].delta.tool_calls] == [(0, "look"), (1, "listen")]
    assert [piece.finish_reason for piece in pieces] == [None, None, None, "tool_calls"]
    refused = client.post(
        "/v1/chat/completions", json={**ask, "messages": [{"role": "user", "content": "refuse"}], "tools": []}
    )
    assert (refused.status_code, refused.json()["error"]) == snapshot(
        (
            400,
            {
                "message": "The schema is bad.",
                "type": "invalid_request_error",
                "param": "response_format",
                "code": None,
            },
        )
    )


def tool(**function: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": function}]}


@pytest.mark.parametrize(
    ("model", "asked", "said"),
    [
        ("free", {"response_format": JSON}, "The model `free` does not support structured outputs."),
        ("swallows", {"response_format": JSON}, "The model `swallows` does not support structured outputs."),
        ("free", {"tools": TOOLS}, "The model `free` does not support `tools`."),
        ("anything", {"tools": TOOLS}, "The model `anything` does not support `tools`."),
        ("bound", {"response_format": {}}, "The `type` of `response_format` is one of text, json_object, json_schema."),
        ("bound", {"response_format": "json"}, "The `type` of `response_format` is one of text, json_object, json_schema."),
        ("bound", {"response_format": {"type": "json_schema"}}, "`response_format` needs `json_schema`, with a `schema`."),
        ("bound", {"tool_choice": "required"}, "`tool_choice` goes with `tools`."),
        ("bound", {"tools": TOOLS, "tool_choice": "any"}, "`tool_choice` is none, auto, required, or names a function."),
        ("bound", {"tools": TOOLS, "tool_choice": {"function": {"name": "smell"}}}, "There is no tool `smell`."),
        ("bound", {"tools": {"look": 1}}, "`tools` are up to 128 tools."),
        ("bound", {"tools": [{"type": "web_search"}]}, "`tools[0]` is of the type `function`, and has one."),
        ("bound", tool(), "`tools[0]` needs a name of its own, of letters, digits, `_`, `-` and `.`."),
        ("bound", tool(name="a b"), "`tools[0]` needs a name of its own, of letters, digits, `_`, `-` and `.`."),
        ("bound", tool(name="a", parameters=[]), "The parameters of `tools[0]` are a JSON schema."),
        (
            "bound",
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "look"}}]}]},
            "`messages[0].tool_calls` needs a `function` with name and arguments.",
        ),
    ],
)  # fmt: skip
def test_what_a_handler_does_not_know_is_refused(
    client: httpx.Client, model: str, asked: dict[str, Any], said: str
) -> None:
    answer = client.post("/v1/chat/completions", json={"model": model, "messages": SAID, **asked})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, said)


def test_an_entry_that_says_so_takes_no_form_and_forces_no_call() -> None:
    with serving({"bound": ("chat", Bound())}, supports_structured_outputs=False) as client:
        for asked in ({"response_format": JSON}, {"tools": TOOLS, "tool_choice": "required"}):
            answer = client.post("/v1/chat/completions", json={"model": "bound", "messages": SAID, **asked})
            assert answer.status_code == 400
        free = client.post("/v1/chat/completions", json={"model": "bound", "messages": SAID, "tools": TOOLS})
        assert free.json()["choices"][0]["finish_reason"] == "tool_calls"


def written(call: str) -> Any:
    """A template that lists tools and writes a call so."""

    def render(messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> str:
        text = json.dumps(list(tools))
        for message in messages:
            text += message["content"]
            for made in message.get("tool_calls", ()):
                text += call % {**made["function"], "arguments": json.dumps(made["function"]["arguments"])}
        return text

    return render


def test_a_template_shows_the_form_of_its_calls() -> None:
    hermes = 'x <tool_call>\n{"name": "%(name)s", "arguments": %(arguments)s}\n</tool_call>'
    assert form_of(written(hermes)) == Form(lead="\n", tail="\n")
    assert form_of(written('<tool_call>{"name":"%(name)s","arguments":%(arguments)s}</tool_call>')) == Form(
        lead="", tail=""
    )
    unknown = "The model writes calls of tools in a form that is not known here"
    assert form_of(written("<tool_call><function=%(name)s></tool_call>")) == unknown
    assert form_of(written("")) == unknown
    assert form_of(lambda messages, _: str(messages[0]["content"])) == "The chat template of the model knows no tools"
    assert form_of(lambda messages, _: messages[5]["content"]) == "The chat template of the model refuses tools"


def taken(text: str) -> tuple[str, str, list[ToolCall]]:
    """What is said letter by letter, what at the end, and the calls."""
    calls = Calls()
    said = "".join(calls.add(letter) for letter in text)
    return said, *calls.rest()


def test_calls_are_taken_out_of_a_text_and_what_only_looks_like_one_stays() -> None:
    one, two = (
        '<tool_call>\n{"name": "a", "arguments": {"x": "é"}}\n</tool_call>',
        '<tool_call>{"name": "b"}</tool_call>',
    )
    assert taken("2 < 3 <tool") == ("2 < 3 ", "<tool", [])
    assert taken(f"see\n{one}\n{two}\n") == ("see\n", "", [ToolCall("a", '{"x": "é"}'), ToolCall("b", "{}")])
    assert taken(f"{one}<tool_call>\n{{") == ("", "<tool_call>\n{", [ToolCall("a", '{"x": "é"}')])
    for odd in ("<tool_call>{</tool_call>", "<tool_call>[1]</tool_call>", '<tool_call>{"name": 1}</tool_call>'):
        assert taken(f"a {odd}") == ("a ", odd, [])


def test_templates_get_the_arguments_of_earlier_calls_as_objects() -> None:
    def call(arguments: str) -> dict[str, Any]:
        return {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "a", "arguments": arguments}}]}

    [message] = with_objects([call('{"x": 1}')])
    assert message["tool_calls"] == [{"id": "1", "function": {"name": "a", "arguments": {"x": 1}}}]
    assert with_objects([call("")])[0]["tool_calls"][0]["function"]["arguments"] == {}
    with pytest.raises(BadInput, match="The arguments of a call of `a` are not JSON"):
        with_objects([call("{")])
