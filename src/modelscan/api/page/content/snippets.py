"""Requests to copy, for a model at the gateway. A key is only named, by the variable that holds it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from modelscan.api.page.content.served import PageModel

_NO_KEY = "none"  # clients of the OpenAI API want one even where nobody asks for it
_BODIES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "embed": ("/embeddings", {"input": "Hello"}),
    "rerank": ("/rerank", {"query": "Hello", "documents": ["Hi", "Bye"]}),
    "completion": ("/completions", {"prompt": "Hello", "max_tokens": 50}),
    "text-to-image": ("/images/generations", {"prompt": "A red kite"}),
    "text-to-speech": ("/audio/speech", {"input": "Hello"}),
}
_CHAT: tuple[str, Mapping[str, Any]] = ("/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]})


def snippets(model: PageModel, base: str, variable: str | None) -> list[tuple[str, str]]:
    """Names and texts. `variable` holds the key, where one is asked for."""
    return [
        ("curl", _curl(model, base, variable)),
        ("OpenAI client", _openai(model, base, variable)),
        ("LiteLLM", _litellm(model, base, variable)),
    ]


def _curl(model: PageModel, base: str, variable: str | None) -> str:
    key = f'  -H "Authorization: Bearer ${variable}" \\\n' if variable else ""
    if model.task == "speech-to-text":
        return (
            f"curl {base}/audio/transcriptions \\\n{key}  -F {shlex.quote(f'model={model.name}')} -F file=@speech.wav"
        )
    path, body = _BODIES.get(model.task, _CHAT)
    document = shlex.quote(json.dumps({"model": model.name, **body}))
    return f"curl {base}{path} \\\n{key}  -H 'Content-Type: application/json' \\\n  -d {document}"


def _openai(model: PageModel, base: str, variable: str | None) -> str:
    key = f'os.environ["{variable}"]' if variable else f'"{_NO_KEY}"'
    start = "import os\n\n" if variable else ""
    name = json.dumps(model.name)
    match model.task:
        case "embed":
            call = f'client.embeddings.create(model={name}, input="Hello")\nprint(answer.data[0].embedding[:4])'
        case "speech-to-text":
            call = (
                f'client.audio.transcriptions.create(model={name}, file=open("speech.wav", "rb"))\nprint(answer.text)'
            )
        case "text-to-image":
            call = f'client.images.generate(model={name}, prompt="A red kite")\nprint(len(answer.data))'
        case _:
            messages = '[{"role": "user", "content": "Hello"}]'
            call = f"client.chat.completions.create(\n    model={name},\n    messages={messages},\n)"
            call += "\nprint(answer.choices[0].message.content)"
    return f'{start}from openai import OpenAI\n\nclient = OpenAI(base_url="{base}", api_key={key})\nanswer = {call}'


def _litellm(model: PageModel, base: str, variable: str | None) -> str:
    key = f"os.environ/{variable}" if variable else _NO_KEY
    lines = ["model_list:", f"  - model_name: {json.dumps(model.name)}", "    litellm_params:"]
    lines += [f"      model: {json.dumps(f'openai/{model.name}')}", f"      api_base: {base}", f"      api_key: {key}"]
    return "\n".join(lines)
