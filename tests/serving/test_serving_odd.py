"""Whatever a body holds, a client is told what is wrong with it: no route fails for it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serving.conftest import serving
from tests.serving.fakes import Echo, Hears, Letters, Overlap, Paints, Streaming

PIXEL = "data:image/png;base64,AAAA"
PARTS = [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
CHAT = {
    "messages": [{"role": "system", "content": "x"}, {"role": "assistant"}, {"role": "user", "content": PARTS}],
    "temperature": 0.5, "max_tokens": 3, "stop": ["."], "seed": 1, "n": 1, "tools": [], "logit_bias": {},
    "response_format": {"type": "text"}, "stream_options": {"include_usage": True}, "user": "me",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "/v1/embeddings": {
        "model": "letters", "input": ["abc", [97, 98]], "dimensions": 2, "encoding_format": "base64",
        "input_type": "query",
    },
    "/v1/chat/completions": {"model": "echo", "stream": False, **CHAT},
    "/v1/rerank": {
        "model": "overlap", "query": "a cat", "documents": ["a", {"text": "cat"}], "top_n": 1,
        "return_documents": True,
    },
    "/score": {"model": "overlap", "text_1": "a cat", "text_2": ["a", {"text": "cat"}]},
    "/v1/images/generations": {
        "model": "paints", "prompt": "a cat", "n": 1, "size": "64x64", "steps": 2, "guidance": 3.5, "seed": 1,
        "negative_prompt": "dog", "output_format": "png", "response_format": "b64_json",
    },
}  # fmt: skip
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["", "\ud800", "auto", 10**400]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    made = {
        "letters": ("embed", Letters()), "echo": ("chat", Echo()), "streaming": ("chat", Streaming()),
        "hears": ("speech-to-text", Hears()), "overlap": ("rerank", Overlap()), "paints": ("text-to-image", Paints()),
    }  # fmt: skip
    with serving(made) as found:
        yield found


def places(document: Any) -> list[list[Any]]:
    """The way to every value in a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [way for key, value in items for way in ([key], *([key, *rest] for rest in places(value)))]


@st.composite
def bodies(draw: st.DrawFn, right: dict[str, Any]) -> Any:
    """A right body with something odd in it, or something odd altogether."""
    body = copy.deepcopy(right)
    for _ in range(draw(st.integers(1, 2))):
        *before, last = draw(st.sampled_from(places(body)))
        inside = body
        for key in before:
            inside = inside[key]
        if isinstance(inside, dict) and draw(st.booleans()):
            del inside[last]
        else:
            inside[last] = draw(ODD)
    return draw(ODD) if draw(st.integers(0, 9)) == 0 else body


@pytest.mark.parametrize("path", BODIES)
@given(data=st.data())
def test_no_body_makes_a_route_fail(client: httpx.Client, path: str, data: st.DataObject) -> None:
    body = data.draw(bodies(BODIES[path]))
    answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code in {200, 400, 404}, answer.text
    if answer.status_code != 200:
        found = answer.json()["error"]
        assert found["message"].endswith(".")
        assert (answer.status_code == 404) == (found["code"] == "model_not_found")


FIELDS = ("model", "language", "prompt", "temperature", "response_format", "timestamp_granularities[]", "stream", "x")
VALUES = st.text(max_size=8) | st.sampled_from(["hears", "letters", "nan", "1e999", "verbose_json", "srt", "word"])


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/audio/translations"])
@given(
    fields=st.dictionaries(st.sampled_from(FIELDS), VALUES),
    named=st.sampled_from(["file", "model", "temperature"]),
    name=st.text(max_size=8),
)
def test_nor_does_a_form(client: httpx.Client, path: str, fields: dict[str, str], named: str, name: str) -> None:
    data = {"model": "hears", **fields}
    data.pop(named, None)
    answer = client.post(path, data=data, files={named: (f"a{name}", b"sound")})
    assert answer.status_code in {200, 400, 404}, answer.text
