"""Every route of the handlers' server, asked as its clients ask."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from inline_snapshot import snapshot
from openai import BadRequestError, NotFoundError, OpenAI
from tests.serving.conftest import serving
from tests.serving.fakes import Echo, Hears, Letters, Overlap, Paints, Streaming

PIXEL = "data:image/png;base64," + base64.b64encode(b"a picture").decode()
HEARS, ECHO, STREAMING = Hears(), Echo(), Streaming()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    handlers: dict[str, tuple[str, Any]] = {
        "letters": ("embed", Letters()),
        "echo": ("chat", ECHO),
        "streaming": ("chat", STREAMING),
        "hears": ("speech-to-text", HEARS),
        "overlap": ("rerank", Overlap()),
        "paints": ("text-to-image", Paints()),
    }
    with serving(handlers) as found:
        yield found


@pytest.fixture
def openai(client: httpx.Client) -> OpenAI:
    return OpenAI(base_url=f"{client.base_url}/v1", api_key="none", max_retries=0, http_client=client)


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    found = answer.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return answer.status_code, found["message"], found["param"]


def test_models_say_whose_they_are_and_what_they_can(client: httpx.Client, openai: OpenAI) -> None:
    assert [model.id for model in openai.models.list()][:2] == ["letters", "echo"]
    models = {item["id"]: item for item in client.get("/v1/models").json()["data"]}
    assert (models["letters"]["owned_by"], models["letters"]["capabilities"]) == ("a team", ["text-embedding"])
    assert (models["echo"]["owned_by"], models["echo"]["capabilities"]) == ("local", ["chat-completion", "vision"])
    assert client.get("/health").json() == {"status": "ok"}


def test_embeddings(client: httpx.Client, openai: OpenAI) -> None:
    made = openai.embeddings.create(model="letters", input=["abc b", "c"])  # the client asks for base64 by itself
    assert [item.embedding for item in made.data] == [[1.0, 2.0, 1.0], [0.0, 0.0, 1.0]]
    assert made.usage.total_tokens == 3
    body = {"model": "letters", "input": "aaab", "dimensions": 2}
    assert client.post("/v1/embeddings", json=body).json()["data"][0]["embedding"] == pytest.approx(
        [0.9487, 0.3162], abs=1e-4
    )
    coded = client.post("/v1/embeddings", json={**body, "encoding_format": "base64"}).json()["data"][0]["embedding"]
    assert struct.unpack("<2f", base64.b64decode(coded)) == pytest.approx([0.9487, 0.3162], abs=1e-4)
    tokens = {"model": "letters", "input": [[97, 98], [99]]}
    assert [item["embedding"] for item in client.post("/v1/embeddings", json=tokens).json()["data"]] == [
        [1, 1, 0],
        [0, 0, 1],
    ]
    query = {"model": "letters", "input": "c", "input_type": "search_query"}
    assert client.post("/v1/embeddings", json=query).json()["data"][0]["embedding"] == [3, 0, 1]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"input": "a", "dimensions": 4}, "`dimensions` is a whole number from 1 to 3."),
        ({"input": []}, "`input` is from 1 to 2048 texts."),
        ({"input": [""]}, "`input` is a text that is not empty, or a list of such, or lists of tokens."),
        ({"input": "a", "encoding_format": "hex"}, "`encoding_format` is one of float, base64."),
        (
            {"input": "a", "input_type": "poem"},
            "`input_type` is one of search_query, query, search_document, document, for a model with prompts.",
        ),
    ],
)
def test_embeddings_that_cannot_be(client: httpx.Client, body: dict[str, Any], said: str) -> None:
    status, message, param = error(client.post("/v1/embeddings", json={"model": "letters", **body}))
    assert (status, message) == (400, said)
    assert param in body


def test_chat_whole_and_streamed(openai: OpenAI) -> None:
    whole = openai.chat.completions.create(model="echo", messages=[{"role": "user", "content": "one two three"}])
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("one two three", "stop")
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (3, 3)
    assert ECHO.calls[-1][1] == {"max_new_tokens": 7, "temperature": 0.3, "top_p": 1.0, "stop": []}
    short = openai.chat.completions.create(
        model="echo", messages=[{"role": "user", "content": "one two three"}], max_tokens=2, temperature=0, stop="."
    )
    assert (short.choices[0].message.content, short.choices[0].finish_reason) == ("one two", "length")
    assert ECHO.calls[-1][1] == {"max_new_tokens": 2, "temperature": 0, "top_p": 1.0, "stop": ["."]}
    for model, pieces in (("streaming", ["", "one ", "two ", None]), ("echo", ["", "one two", None])):
        events = list(
            openai.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "one two"}],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        assert [event.choices[0].delta.content for event in events[:-1]] == pieces
        assert [event.choices[0].finish_reason for event in events[:-1]] == [None] * (len(pieces) - 1) + ["stop"]
        assert events[-1].usage is not None
        assert events[-1].usage.total_tokens == 4


def test_a_stream_ends_with_done_and_an_error_is_its_last_event(client: httpx.Client) -> None:
    body = {"model": "streaming", "stream": True, "messages": [{"role": "user", "content": "one"}]}
    lines = [line for line in client.post("/v1/chat/completions", json=body).text.splitlines() if line]
    assert lines[-1] == "data: [DONE]"
    body["messages"] = [{"role": "user", "content": "refuse"}]
    lines = [line for line in client.post("/v1/chat/completions", json=body).text.splitlines() if line]
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["message"] == "That is too long."


def test_images_reach_a_model_that_takes_them_as_data_urls_alone(client: httpx.Client) -> None:
    def ask(model: str, url: str) -> httpx.Response:
        parts = [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": url}}]
        return client.post(
            "/v1/chat/completions", json={"model": model, "messages": [{"role": "user", "content": parts}]}
        )

    assert ask("echo", PIXEL).status_code == 200
    assert ECHO.calls[-1][0][0]["content"][1]["image_url"] == {"url": PIXEL}
    assert error(ask("streaming", PIXEL))[:2] == (400, "The model does not take images.")
    assert error(ask("echo", "https://example.org/a.png"))[:2] == snapshot(
        (400, "Images are not fetched from addresses here: send a data URL.")
    )
    assert error(ask("echo", "file:///etc/passwd"))[:2] == snapshot(
        (400, "An image is a data URL, or at an http address.")
    )
    assert error(ask("echo", "data:image/png;base64,@@"))[1].startswith("A data URL is not base64")
    assert error(ask("echo", "data:text/html,x"))[1] == snapshot("A data URL begins with `data:image/…;base64,`.")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tools": [{"type": "function"}]}, "The model `echo` does not support `tools`."),
        ({"response_format": {"type": "json_object"}}, "The model `echo` does not support structured outputs."),
        ({"n": 2}, "`n` is 1."),
        ({"messages": []}, "`messages` is a list of messages."),
        ({"messages": [{"role": "robot", "content": "x"}]}, "`messages[0]` needs a `role`."),
        ({"messages": [{"role": "user"}]}, "`messages[0]` needs a `content`."),
        (
            {"messages": [{"role": "user", "content": [{"type": "video_url"}]}]},
            "A part of a message is `text` or `image_url`, not `video_url`.",
        ),
        ({"temperature": True}, "`temperature` is a number from 0 to 2."),
        ({"max_tokens": 0}, "`max_tokens` is a whole number from 1 to 1e+06."),
        ({"stop": [1]}, "`stop` is a text, or up to 16 of them."),
        ({"messages": [{"role": "user", "content": "refuse"}]}, "That is too long."),
    ],
)
def test_what_would_be_answered_as_if_it_had_not_been_asked_is_refused(
    client: httpx.Client, changes: dict[str, Any], said: str
) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "x"}], **changes}
    assert error(client.post("/v1/chat/completions", json=body))[:2] == (400, said)


def test_what_fails_inside_is_not_told_outside(client: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "fail"}]}
    answer = client.post("/v1/chat/completions", json=body)
    assert error(answer)[:2] == (500, "The model failed to answer; the log says why.")
    assert "a secret path" in capsys.readouterr().err


def test_speech_in_every_shape(client: httpx.Client, openai: OpenAI) -> None:
    sound = ("sound.wav", b"RIFF")

    def heard(**options: Any) -> Any:
        return openai.audio.transcriptions.create(model="hears", file=sound, **options)

    assert heard(language="en", prompt="Names").text == "Good morning. A B C"
    assert {name: HEARS.calls[-1][name] for name in ("language", "prompt", "task", "granularity", "size")} == snapshot(
        {"language": "en", "prompt": "Names", "task": "transcribe", "granularity": None, "size": 4}
    )
    assert HEARS.calls[-1]["path"].endswith(".wav")
    assert not Path(HEARS.calls[-1]["path"]).exists()
    assert heard(response_format="text") == "Good morning. A B C\n"
    assert heard(response_format="srt") == snapshot(
        """\
1
00:00:00,000 --> 00:00:01,500
Good morning.

2
01:01:01,500 --> 01:01:02,250
A -> B C
"""
    )
    assert heard(response_format="vtt") == snapshot(
        """\
WEBVTT

00:00:00.000 --> 00:00:01.500
Good morning.

01:01:01.500 --> 01:01:02.250
A -> B C
"""
    )
    assert HEARS.calls[-1]["granularity"] == "segment"
    verbose = heard(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert HEARS.calls[-1]["granularity"] == "word"
    assert [(word.word, word.start) for word in verbose.words] == [("Good", 0.0), ("morning.", 0.5)]
    assert (verbose.language, verbose.segments[1].id, verbose.segments[1].avg_logprob) == ("en", 1, -0.5)
    assert not hasattr(verbose.segments[1], "extra")
    plain = heard(response_format="verbose_json")
    assert (plain.words, len(plain.segments)) == (None, 2)
    translated = client.post("/v1/audio/translations", data={"model": "hears"}, files={"file": sound})
    assert translated.json() == {"text": "Good morning. A B C"}
    assert HEARS.calls[-1]["task"] == "translate"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"response_format": "diarized_json"}, "`response_format` is one of json, text, srt, vtt, verbose_json."),
        (
            {"timestamp_granularities[]": "word"},
            "`timestamp_granularities[]` goes with `response_format` verbose_json.",
        ),
        ({"temperature": "hot"}, "`temperature` is a number from 0 to 1."),
        ({"stream": "true"}, "`stream` is not supported."),
    ],
)
def test_speech_that_cannot_be(client: httpx.Client, fields: dict[str, str], said: str) -> None:
    answer = client.post("/v1/audio/transcriptions", data={"model": "hears", **fields}, files={"file": ("a.wav", b"x")})
    assert error(answer)[:2] == (400, said)


def test_speech_needs_a_file_and_a_form(client: httpx.Client) -> None:
    empty = client.post("/v1/audio/transcriptions", data={"model": "hears"}, files={"file": ("a.wav", b"")})
    assert error(empty)[:2] == (400, "`file` is a file with sound.")
    assert client.post("/v1/audio/transcriptions", json={"model": "hears"}).status_code == 415
    broken = client.post(
        "/v1/audio/transcriptions", content=b"--x\r\nno: header", headers={"content-type": "multipart/form-data"}
    )
    assert error(broken)[0] == 400


def test_rerank_and_score(client: httpx.Client) -> None:
    documents = ["stocks fell", {"text": "a cat and a kitten"}, "the cat"]
    body = {"model": "overlap", "query": "a cat", "documents": documents, "top_n": 2}
    answer = client.post("/v1/rerank", json=body).json()
    assert {name: answer[name] for name in ("model", "results", "usage")} == snapshot(
        {
            "model": "overlap",
            "results": [
                {"index": 1, "document": {"text": "a cat and a kitten"}, "relevance_score": 2.0},
                {"index": 2, "document": {"text": "the cat"}, "relevance_score": 1.0},
            ],
            "usage": {"prompt_tokens": 11, "total_tokens": 11},
        }
    )
    bare = client.post("/v2/rerank", json={**body, "return_documents": False}).json()
    assert bare["results"][0] == {"index": 1, "relevance_score": 2.0}
    scores = client.post("/score", json={"model": "overlap", "text_1": "a cat", "text_2": ["the cat", "a cat"]}).json()
    assert scores.pop("id").startswith("score-")
    assert scores.pop("created") > 0
    assert scores == snapshot(
        {
            "object": "list",
            "model": "overlap",
            "data": [
                {"index": 0, "object": "score", "score": 1.0},
                {"index": 1, "object": "score", "score": 2.0},
            ],
            "usage": {"prompt_tokens": 6, "total_tokens": 6},
        }
    )
    pairs = {"model": "overlap", "queries": ["a", "b"], "documents": ["a", "a"]}
    assert [item["score"] for item in client.post("/score", json=pairs).json()["data"]] == [1.0, 0.0]
    assert error(client.post("/rerank", json={**body, "documents": []}))[:2] == (
        400,
        "`documents` is a list of 1 to 10000 texts.",
    )
    assert error(client.post("/score", json={**pairs, "documents": ["a"]}))[0] == 400


def test_images(openai: OpenAI, client: httpx.Client) -> None:
    made = openai.images.generate(
        model="paints", prompt="a cat", n=2, size="1024x1024", extra_body={"seed": 7, "steps": 3}
    )
    assert made.data is not None
    assert [base64.b64decode(item.b64_json or "") for item in made.data] == snapshot(
        [b"a cat 1024x1024 3 None None png 7", b"a cat 1024x1024 3 None None png 8"]
    )
    body = {
        "model": "paints",
        "prompt": "a cat",
        "negative_prompt": "dog",
        "guidance_scale": 5,
        "output_format": "webp",
    }
    [image] = client.post("/v1/images/generations", json=body).json()["data"]
    assert (image["seed"], base64.b64decode(image["b64_json"])) == (41, b"a cat NonexNone None 5 dog webp 41")
    for changes, param in (
        ({"response_format": "url"}, "response_format"),
        ({"size": "63x64"}, "size"),
        ({"n": 11}, "n"),
    ):
        assert error(client.post("/v1/images/generations", json={**body, **changes}))[0::2] == (400, param)


def test_names_and_paths_that_there_are_not(client: httpx.Client, openai: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="`nobody` does not exist"):
        openai.embeddings.create(model="nobody", input="a")
    with pytest.raises(BadRequestError, match="does text-embedding, and not chat-completion"):
        openai.chat.completions.create(model="letters", messages=[{"role": "user", "content": "x"}])
    assert error(client.get("/v1/nothing")) == (404, "Not Found.", None)
    assert error(client.get("/v1/embeddings")) == (405, "Method Not Allowed.", None)
    for content, kind, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
    ):
        assert error(client.post("/v1/embeddings", content=content, headers={"content-type": kind}))[0] == status
