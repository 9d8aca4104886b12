"""Every route that some backend serves, called as clients do: with OpenAI's client where that has a method for it."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
from openai import APIStatusError, OpenAI

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "routes.md"
_SAY: Any = [{"role": "user", "content": "What is modelscan?"}]
_PAIRS = {"text_1": "a cat", "text_2": ["a kitten", "stocks"]}
_RERANK = ("/v1/rerank", "/v2/rerank", "/rerank")
_RANKED = {"query": "a cat", "documents": ["a kitten", "stocks"]}


def assert_as_in_reference(
    base_url: str,
    backend: str,
    models: Mapping[str, str],
    *,
    sound: bytes | None = None,
    key: str = "none",
    others: bool = True,
) -> None:
    """`models` are names by task. Routes of other tasks, for which the first of them is asked, and those that the
    backend does not serve are refused, in OpenAI's shape; `others` says whether they are called. `sound` is what is to
    be heard: of silence Whisper writes stories.
    """
    served = _in_reference(backend)
    with httpx.Client(
        base_url=base_url, headers={"authorization": f"Bearer {key}"}, timeout=300, trust_env=False
    ) as it:
        client = OpenAI(base_url=f"{base_url}/v1", api_key=key, max_retries=0, http_client=it)
        calls = _calls(client, it, models, sound or _silence())
        assert served.keys() == calls.keys()
        own = {route for route, (task, _) in calls.items() if task in {"", *models}}
        found = {route: _outcome(call) for route, (_, call) in calls.items() if others or route in own}
    wanted = {route: served[route] if route in own else "refused" for route in found}
    assert found == wanted, {route: (found[route], said) for route, said in wanted.items() if found[route] != said}


def _in_reference(backend: str) -> dict[str, str]:
    """What a backend does with each route, as the documentation has it."""
    lines = (line.strip("|").split("|") for line in REFERENCE.read_text().splitlines() if line.startswith("|"))
    head, _, *rows = ([cell.strip() for cell in line] for line in lines)
    column = head.index(backend)
    return {row[0].strip("`"): row[column] for row in rows}


def _calls(
    client: OpenAI, plain: httpx.Client, models: Mapping[str, str], sound: bytes
) -> dict[str, tuple[str, Callable[[], Any]]]:
    """By route its task and the call."""

    def model(task: str) -> str:
        return models.get(task, next(iter(models.values())))

    def post(path: str, body: Mapping[str, Any], key: str) -> Callable[[], Any]:
        def call() -> Any:
            answer = plain.post(path, json={"model": model("rerank"), **body})
            answer.raise_for_status()
            return answer.json()[key]

        return call

    def streamed() -> str:
        pieces = client.chat.completions.create(model=model("chat"), messages=_SAY, max_tokens=8, stream=True)
        return "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)

    def painted() -> Any:
        size: Any = "64x64"  # of a tiny model
        return client.images.generate(
            model=model("text-to-image"), prompt="a cat", size=size, extra_body={"steps": 1}
        ).data

    def heard(path: str) -> Callable[[], Any]:
        def call() -> Any:
            form = {"model": model("speech-to-text")}
            return plain.post(path, data=form, files={"file": ("one.wav", sound)}).raise_for_status().json()["text"]

        return call

    chat = client.chat.completions
    return {
        "GET /v1/models": ("", lambda: [item.id for item in client.models.list()]),
        "POST /v1/chat/completions": (
            "chat",
            lambda: chat.create(model=model("chat"), messages=_SAY, max_tokens=8).choices[0].message.content,
        ),
        "POST /v1/chat/completions, streamed": ("chat", streamed),
        "POST /v1/completions": (
            "chat",
            lambda: client.completions.create(model=model("chat"), prompt="modelscan is", max_tokens=8).choices[0].text,
        ),
        "POST /v1/responses": (
            "chat",
            lambda: client.responses.create(model=model("chat"), input="What is it?", max_output_tokens=16).output,
        ),
        "POST /v1/embeddings": (
            "embed",
            lambda: client.embeddings.create(model=model("embed"), input="a cat").data[0].embedding,
        ),
        **{f"POST {path}": ("rerank", post(path, _RANKED, "results")) for path in _RERANK},
        **{f"POST {path}": ("rerank", post(path, _PAIRS, "data")) for path in ("/score", "/v1/score")},
        "POST /v1/audio/transcriptions": ("speech-to-text", heard("/v1/audio/transcriptions")),
        "POST /v1/audio/translations": ("speech-to-text", heard("/v1/audio/translations")),
        "POST /v1/images/generations": ("text-to-image", painted),
    }


def _outcome(call: Callable[[], Any]) -> str:
    try:
        return "yes" if call() else "an empty answer"
    except (APIStatusError, httpx.HTTPStatusError) as error:
        try:
            said = error.response.json()["error"]
        except (ValueError, KeyError):
            said = {}
        return "refused" if {"message", "type", "code"} <= said.keys() else f"another shape: {error.response.text}"


def _silence() -> bytes:
    """A second of it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(32_000))
    return file.getvalue()
