"""The handlers on transformers with real models and tiny ones of every kind, all in one process; and a class of a
user's own, deployed.

What a random model says means nothing: of those it is shapes, and the same answer twice. Robotic speech loses words, so
that those are asked for that survive it.
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI
from tests.cli.conftest import free_port
from tests.end_to_end.calls import assert_as_in_reference
from tests.end_to_end.conftest import ROOT, user_environment
from tests.reranker_maker import reranker_in_gguf

from modelscan.environments.record import read_record
from modelscan.environments.serving import bring_up_to_date

pytestmark = pytest.mark.slow

FOX = "The quick brown fox jumps over the lazy dog. The capital of France is Paris."
HEARD = {"quick", "fox", "over", "lazy", "capital", "france", "paris"}
GERMAN = "Guten Morgen. Wie geht es Ihnen heute? Das Wetter ist schön."
KINDS = {
    "chat": "chat",
    "tools": "chat",
    "vision": "chat",
    "minilm": "embed",
    "embedding": "embed",
    "reranker": "rerank",
    "scorer": "rerank",
    "yes-or-no": "rerank",
    "image": "text-to-image",
    "whisper-tiny.en": "speech-to-text",
    "whisper-base": "speech-to-text",
}


@pytest.fixture(scope="session")
def environment(real_home: Path) -> Path:
    """The environment `transformers`, installed as a user does it."""
    command = [sys.executable, "-m", "modelscan", "backend", "install", "transformers", "--json"]
    done = subprocess.run(command, env=user_environment(real_home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    installed = read_record(Path(json.loads(done.stdout)["path"]))
    assert installed is not None
    bring_up_to_date(installed)  # one that was there has the programs of the code that made it
    return Path(installed.path) / "venv"


@pytest.fixture(scope="session")
def models(environment: Path) -> Path:
    """Fetched and made once for this checkout."""
    folder = Path(os.environ.get("TEST_MODELS", ROOT / ".test-models"))
    fetch = [sys.executable, "-m", "scripts.test_models.fetch", str(folder)]
    subprocess.run(fetch, cwd=ROOT, check=True, timeout=600)
    make = [environment / "bin" / "python", "-m", "scripts.test_models.make", folder, folder]
    subprocess.run(
        make, cwd=ROOT, check=True, timeout=900, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def client(environment: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One thread: on two cores that others use, more would wait for one another."""
    served = [{"names": [name], "folder": str(models / name), "task": task} for name, task in KINDS.items()]
    free = {"names": ["free"], "folder": str(models / "chat"), "task": "chat", "supports_structured_outputs": False}
    pooled = {"names": ["minilm-cls"], "folder": str(models / "minilm"), "task": "embed", "options": {"pooling": "cls"}}
    folder = tmp_path_factory.mktemp("handlers")
    (folder / "models.json").write_text(json.dumps({"models": [*served, free, pooled]}))
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [environment / "bin" / "modelscan-handlers", "--file", folder / "models.json", "--port", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600, trust_env=False) as client:
            _wait(process, client, folder / "log")
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.fixture
def openai(client: httpx.Client) -> OpenAI:
    return OpenAI(base_url=f"{client.base_url}/v1", api_key="none", max_retries=0, http_client=client)


def dot(one: list[float], two: list[float]) -> float:
    return sum(a * b for a, b in zip(one, two, strict=True))


def test_minilm_orders_kitten_before_stocks_whatever_its_pooling(openai: OpenAI) -> None:
    texts = ["a cat", "a kitten", "stocks fell on monday, and nobody knew how far they would fall until the end"]
    for model in ("minilm", "minilm-cls"):
        cat, kitten, stocks = (item.embedding for item in openai.embeddings.create(model=model, input=texts).data)
        assert len(cat) == 384
        assert dot(cat, kitten) > dot(cat, stocks) + 0.2
        alone = openai.embeddings.create(model=model, input="a cat").data[0].embedding
        assert dot(cat, alone) == pytest.approx(1, abs=1e-5)  # what pads a batch does not count
    short = openai.embeddings.create(model="minilm", input=texts[0], dimensions=64).data[0].embedding
    assert (len(short), dot(short, short)) == (64, pytest.approx(1, abs=1e-5))


def test_a_decoder_embeds_its_last_token_with_the_prompts_of_its_repo(openai: OpenAI) -> None:
    first, long = (
        item.embedding for item in openai.embeddings.create(model="embedding", input=["find", "x" * 90]).data
    )
    alone = openai.embeddings.create(model="embedding", input="find").data[0].embedding
    asked = openai.embeddings.create(model="embedding", input="find", extra_body={"input_type": "query"})
    assert (len(first), len(long)) == (64, 64)
    assert dot(first, alone) == pytest.approx(1, abs=1e-5)
    assert dot(first, asked.data[0].embedding) < 0.99


@pytest.mark.parametrize("model", ["reranker", "scorer", "yes-or-no"])
def test_rerankers_say_the_same_in_either_shape(client: httpx.Client, model: str) -> None:
    documents = ["paris is the capital of france", "a kitten", "stocks fell on monday"]
    body = {"model": model, "query": "the capital of france", "documents": documents}
    ranked = client.post("/v1/rerank", json=body).json()["results"]
    scored = client.post("/score", json={"model": model, "text_1": body["query"], "text_2": documents}).json()["data"]
    assert sorted(item["index"] for item in ranked) == [0, 1, 2]
    assert [item["relevance_score"] for item in ranked] == sorted((item["score"] for item in scored), reverse=True)
    assert all(0 < item["score"] < 1 for item in scored)
    alone = client.post("/v1/rerank", json={**body, "documents": documents[:1]}).json()["results"][0]
    assert alone["relevance_score"] == pytest.approx(scored[0]["score"], abs=1e-5)


def test_chat_says_the_same_twice_whole_and_streamed(openai: OpenAI) -> None:
    ask: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "the capital"}], "max_tokens": 12}
    once, again = (openai.chat.completions.create(**ask, temperature=0) for _ in range(2))
    assert once.choices[0].message.content == again.choices[0].message.content
    assert once.usage is not None
    assert 0 < once.usage.completion_tokens <= 12
    pieces = openai.chat.completions.create(**ask, temperature=0, stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == once.choices[0].message.content
    drawn = {openai.chat.completions.create(**ask, temperature=1, seed=3).choices[0].message.content for _ in range(2)}
    assert len(drawn) == 1


SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"enum": ["paris", "rome"]},
        "heat": {"type": "integer", "minimum": -9, "maximum": 40},
        "dry": {"$ref": "#/$defs/answer"},
    },
    "required": ["city", "heat", "dry"],
    "additionalProperties": False,
    "$defs": {"answer": {"type": "boolean"}},
}


def bound_to(schema: Any) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "weather", "schema": schema}}


def assert_weather(text: str | None) -> None:
    found = json.loads(text or "")
    assert found.keys() == {"city", "heat", "dry"}
    assert (found["city"] in {"paris", "rome"}, -9 <= found["heat"] <= 40, type(found["dry"])) == (True, True, bool)


@pytest.mark.parametrize("model", ["chat", "vision"])
@pytest.mark.parametrize("temperature", [0, 1])
def test_an_answer_is_json_of_its_schema_though_the_model_says_nonsense(
    openai: OpenAI, model: str, temperature: float
) -> None:
    ask: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "rome"}], "seed": 1}
    ask |= {"temperature": temperature, "max_tokens": 900}
    whole = openai.chat.completions.create(**ask, response_format=bound_to(SCHEMA)).choices[0]
    assert_weather(whole.message.content)
    assert whole.finish_reason == "stop"
    pieces = list(openai.chat.completions.create(**ask, response_format=bound_to(SCHEMA), stream=True))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == whole.message.content
    assert pieces[-1].choices[0].finish_reason == "stop"
    cut = openai.chat.completions.create(**{**ask, "max_tokens": 5}, response_format={"type": "json_object"}).choices[0]
    assert ((cut.message.content or "")[0], cut.finish_reason) == ("{", "length")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objet"}, "Invalid type: objet"),
        ({"type": "string", "pattern": "((("}, "unclosed group"),
        ({"$ref": "http://127.0.0.1:1/x"}, "does not fetch"),
        ({"enum": ["x" * 300_000]}, "larger than 128 KiB"),
        ({"$ref": "#"}, "no answer matches it"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_that_cannot_be_compiled_is_refused(openai: OpenAI, schema: Any, said: str, *, stream: bool) -> None:
    ask: dict[str, Any] = {"messages": [{"role": "user", "content": "a"}], "stream": stream}
    with pytest.raises(BadRequestError, match=said) as refused:
        openai.chat.completions.create(model="chat", response_format=bound_to(schema), **ask)
    assert refused.value.param == "response_format"


def test_a_schema_that_would_take_minutes_is_refused_in_seconds(openai: OpenAI) -> None:
    patterns = [{"type": "string", "pattern": f"a.{{{number}}}b"} for number in range(1, 60)]
    ask: dict[str, Any] = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 4}
    with pytest.raises(BadRequestError, match="takes too much time or memory"):
        openai.chat.completions.create(model="chat", response_format=bound_to({"allOf": patterns}), **ask)
    assert openai.chat.completions.create(model="chat", **ask).usage is not None


def test_an_entry_that_says_so_has_no_structured_outputs(openai: OpenAI) -> None:
    ask: dict[str, Any] = {"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_object"}}
    with pytest.raises(BadRequestError, match="does not support structured outputs"):
        openai.chat.completions.create(model="free", **ask)


def test_a_tool_is_called_where_the_template_knows_tools(openai: OpenAI) -> None:
    functions = [{"name": "weather", "description": "now", "parameters": SCHEMA}, {"name": "time"}]
    said: list[Any] = [{"role": "user", "content": "rome"}]
    ask: dict[str, Any] = {"tools": [{"type": "function", "function": item} for item in functions], "max_tokens": 900}
    named = {"type": "function", "function": {"name": "weather"}}

    def told(**options: Any) -> Any:
        given = {"model": "tools", "messages": said, "temperature": 0, **ask, **options}
        return openai.chat.completions.create(**given)

    choice = told(tool_choice=named).choices[0]
    [call] = choice.message.tool_calls
    assert (choice.finish_reason, choice.message.content, call.function.name) == ("tool_calls", None, "weather")
    assert_weather(call.function.arguments)
    *_, whole, last = (piece.choices[0] for piece in told(tool_choice=named, stream=True))
    assert [item.function.arguments for item in whole.delta.tool_calls] == [call.function.arguments]
    assert last.finish_reason == "tool_calls"
    one = told(tool_choice="required", parallel_tool_calls=False, temperature=1, seed=1).choices[0].message
    assert [item.function.name in {"weather", "time"} for item in one.tool_calls] == [True]
    free = told(max_tokens=8).choices[0]
    assert (free.message.tool_calls, free.finish_reason) == (None, "length")
    assert_weather(told(tool_choice="none", response_format=bound_to(SCHEMA)).choices[0].message.content)

    answered = [*said, choice.message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "dry"}]
    assert told(messages=answered, max_tokens=4).usage.prompt_tokens > told(max_tokens=4).usage.prompt_tokens + 20
    for model in ("chat", "vision"):
        with pytest.raises(BadRequestError, match="The chat template of the model knows no tools"):
            told(model=model)
        with pytest.raises(BadRequestError, match="leaves calls of tools out"):
            told(model=model, messages=answered, tools=[])


def test_a_model_that_sees_is_given_the_image(openai: OpenAI) -> None:
    def seen(colour: tuple[int, int, int]) -> tuple[str | None, int]:
        parts: Any = [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": square(colour)}}]
        answer = openai.chat.completions.create(
            model="vision", messages=[{"role": "user", "content": parts}], max_tokens=8, temperature=0
        )
        assert answer.usage is not None
        return answer.choices[0].message.content, answer.usage.prompt_tokens

    red, blue = seen((255, 0, 0)), seen((0, 0, 255))
    assert seen((255, 0, 0)) == red
    assert red[0] != blue[0]
    assert red[1] > 20  # four patches among them


def square(colour: tuple[int, int, int]) -> str:
    """64 pixels a side, as a data URL."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * 64) * 64
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def test_the_same_seed_makes_the_same_bytes(client: httpx.Client) -> None:
    def painted(**more: Any) -> list[str]:
        body = {"model": "image", "prompt": "a red cat", "size": "64x64", "steps": 2, **more}
        return [item["b64_json"] for item in client.post("/v1/images/generations", json=body).json()["data"]]

    [first, second] = painted(seed=1, n=2)
    assert base64.b64decode(first).startswith(b"\x89PNG")
    assert [painted(seed=1), painted(seed=2)] == [[first], [second]]
    assert painted(seed=1, negative_prompt="a dog", guidance=3)[0] != first
    assert base64.b64decode(painted(seed=1, output_format="jpeg")[0]).startswith(b"\xff\xd8")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here")
    folder = tmp_path_factory.mktemp("sounds")
    for name, voice, text in (("fox", "en-us", FOX), ("german", "de", GERMAN)):
        command = ["espeak-ng", "-v", voice, "-s", "140", "-w", folder / f"{name}.wav", text]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_whisper_hears_a_sentence_its_subtitles_and_when_each_word_was(openai: OpenAI, sounds: Path) -> None:
    def heard(**options: Any) -> Any:
        with (sounds / "fox.wav").open("rb") as file:
            return openai.audio.transcriptions.create(model="whisper-tiny.en", file=file, **options)

    assert words_of(heard().text) >= HEARD
    blocks = re.findall(
        r"(\d+)\n(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})\n([^\n]+)\n", heard(response_format="srt")
    )
    assert blocks[0][:2] == ("1", "00:00:00,000")
    assert words_of(" ".join(block[3] for block in blocks)) >= HEARD
    verbose = heard(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert (verbose.language, 5 < verbose.duration < 8) == ("en", True)
    assert {word for item in verbose.words for word in words_of(item.word)} >= HEARD
    assert all(one.start <= one.end <= two.end for one, two in pairwise(verbose.words))
    assert verbose.words[-1].start > verbose.words[0].start + 2
    assert verbose.segments[-1].end == verbose.words[-1].end
    with pytest.raises(BadRequestError, match="English alone"):
        heard(language="de")


def test_whisper_tells_german_and_translates_it(client: httpx.Client, sounds: Path) -> None:
    def heard(path: str) -> Any:
        form = {"model": "whisper-base", "response_format": "verbose_json"}
        return client.post(path, data=form, files={"file": ("german.wav", (sounds / "german.wav").read_bytes())}).json()

    spoken = heard("/v1/audio/transcriptions")
    assert spoken["language"] == "de"
    assert "guten morgen" in spoken["text"].lower()
    translated = heard("/v1/audio/translations")
    assert (translated["task"], "good morning" in translated["text"].lower()) == ("translate", True)


def test_every_route_answers_or_refuses(client: httpx.Client, sounds: Path) -> None:
    models = {
        "chat": "chat",
        "embed": "minilm",
        "rerank": "reranker",
        "speech-to-text": "whisper-base",
        "text-to-image": "image",
    }
    sound = (sounds / "fox.wav").read_bytes()
    assert_as_in_reference(str(client.base_url).rstrip("/"), "transformers", models, sound=sound)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"model": "chat", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1900}),
        (
            "/v1/chat/completions",
            {
                "model": "chat",
                "messages": [{"role": "user", "content": "x"}],
                "max_tokens": 1900,
                "response_format": bound_to({"type": "array", "minItems": 5000, "items": {"type": "integer"}}),
            },
        ),
        ("/v1/images/generations", {"model": "image", "prompt": "x", "size": "64x64", "steps": 1000}),
    ],
)
def test_a_call_ends_within_half_a_second_after_its_client_left(
    client: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    def works() -> bool:
        return "handlers_requests_running 0" not in client.get("/metrics").text

    content = json.dumps({**body, "temperature": 0}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", client.base_url.port)) as connection:
        connection.sendall(head.encode() + content)
        while not works():
            time.sleep(0.01)
        time.sleep(0.3)  # past what comes before the first token or step
        assert works()
    left = time.monotonic()
    while works():
        time.sleep(0.01)
    assert time.monotonic() - left < 0.5


DOCUMENTS = ["paris is the capital of france", "a kitten", "stocks fell on monday"]


def test_vllm_scores_the_same_weights_alike(modelscan: Any, client: httpx.Client, models: Path) -> None:
    made = modelscan("deploy", str(models / "scorer"), "--backend", "vllm", "--name", "scorer", "--dtype", "float32")
    try:
        pairs = {"model": "scorer", "text_1": "the capital of france", "text_2": DOCUMENTS}
        ranked = {"model": "scorer", "query": pairs["text_1"], "documents": DOCUMENTS}
        with httpx.Client(base_url=made["base_url"], timeout=120, trust_env=False) as other:
            theirs, ours = (
                {path: one.post(path, json=body).json() for path, body in (("/score", pairs), ("/v1/rerank", ranked))}
                for one in (other, client)
            )
        assert_as_in_reference(made["base_url"], "vllm", {"rerank": "scorer"}, others=False)
    finally:
        modelscan("remove", "scorer")
    for path, name, listed in (("/score", "score", "data"), ("/v1/rerank", "relevance_score", "results")):
        assert ours[path].keys() == theirs[path].keys()
        assert [item["index"] for item in ours[path][listed]] == [item["index"] for item in theirs[path][listed]]
        assert ours[path][listed][0].keys() == theirs[path][listed][0].keys()
        for one, two in zip(ours[path][listed], theirs[path][listed], strict=True):
            assert one[name] == pytest.approx(two[name], abs=1e-3)
    scores = [item["score"] for item in ours["/score"]["data"]]
    assert max(scores) - min(scores) > 0.1  # else they would be alike whatever they are


def test_llamacpp_scores_the_same_weights_alike_without_the_sigmoid(
    real_home: Path, client: httpx.Client, models: Path, tmp_path: Path
) -> None:
    """In a home of its own: other tests have one in which it is not installed."""
    (folder := tmp_path / "scorer").mkdir()
    (folder / "scorer-F32.gguf").write_bytes(reranker_in_gguf(models / "scorer"))
    environ = {**user_environment(real_home), "MODELSCAN_HOME": str(tmp_path / "home")}

    def say(*words: str) -> Any:
        argv = [sys.executable, "-m", "modelscan", *words, "--json"]
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    say("backend", "install", "llamacpp")
    made = say("deploy", str(folder), "--backend", "llamacpp")
    try:
        body = {"query": "the capital of france", "documents": DOCUMENTS}
        theirs = httpx.post(f"{made['base_url']}/v1/rerank", json=body, timeout=60, trust_env=False).json()["results"]
        assert_as_in_reference(made["base_url"], "llamacpp", {"rerank": made["name"]}, others=False)
    finally:
        say("remove", made["name"])
    ours = client.post("/v1/rerank", json={"model": "scorer", **body}).json()["results"]
    assert [item["index"] for item in theirs] == [item["index"] for item in ours]
    for one, two in zip(theirs, ours, strict=True):
        assert 1 / (1 + math.exp(-one["relevance_score"])) == pytest.approx(two["relevance_score"], abs=1e-3)


def test_a_class_of_the_users_own_is_deployed_once_it_was_agreed_to(
    real_home: Path, environment: Path, models: Path, tmp_path: Path
) -> None:
    """It is asked for in a place of its own, where nothing was agreed to."""
    team = ROOT / "tests" / "serving" / "team"
    (tmp_path / "models.local.yaml").write_text(
        f"models:\n  - name: our/letters\n    local_path: {models / 'minilm'}\n    task: embed\n"
        "    handler: app.models.letters.LetterEmbedding\n    scale: 2\n"
    )
    environ = {
        "MODELSCAN_HANDLERS_PATH": str(team),
        "MODELSCAN_CATALOG_DIRS": str(tmp_path),
        "MODELSCAN_BACKEND_DIRS": str(environment),
        "MODELSCAN_HOME": str(tmp_path / "home"),
        "MODELSCAN_FIRST_PORT": str(free_port()),
    }

    def say(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "modelscan", *words],
            env={**user_environment(real_home), **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    say("catalog", "refresh", "--source", "local")
    refused = say("deploy", "our/letters")
    assert (refused.returncode, "which you have not allowed" in refused.stderr) == (2, True), refused.stderr
    deployed = say("deploy", "our/letters", "--trust-remote-code", "--yes", "--json")
    assert deployed.returncode == 0, deployed.stderr
    made = json.loads(deployed.stdout)
    try:
        with OpenAI(base_url=made["openai_base_url"], api_key="none") as openai:
            vector = openai.embeddings.create(model="our/letters", input="Abba").data[0].embedding
        assert vector[:3] == [4.0, 4.0, 0.0]
    finally:
        assert say("remove", made["name"]).returncode == 0


def test_several_models_without_a_file_share_one_process(
    real_home: Path, environment: Path, models: Path, tmp_path: Path
) -> None:
    kinds = {"minilm": "embed", "reranker": "rerank", "chat": "chat"}
    listed = "".join(
        f"  - {{name: our/{name}, local_path: {models / name}, task: {task}, runtime: transformers}}\n"
        for name, task in kinds.items()
    )
    (tmp_path / "models.local.yaml").write_text(f"models:\n{listed}")
    environ = {
        "MODELS": ",".join(f"our/{name}" for name in kinds),
        "MODELSCAN_CATALOG_DIRS": str(tmp_path),
        "MODELSCAN_BACKEND_DIRS": str(environment),
        "MODELSCAN_HOME": str(tmp_path / "home"),
        "MODELSCAN_FIRST_PORT": str(free_port()),
    }

    def say(*words: str) -> Any:
        argv = [sys.executable, "-m", "modelscan", *words, "--json"]
        whole = {**user_environment(real_home), **environ}
        done = subprocess.run(argv, env=whole, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    say("catalog", "refresh", "--source", "local")
    say("up", "--yes")
    try:
        [made] = say("list")
        assert [item["model"] for item in made["models"]] == [f"our/{name}" for name in kinds]
        memory = made["memory"]
        # What torch and its libraries keep differs between machines by a third; the old estimate was off a thousandfold.
        assert memory["estimated_bytes"] == pytest.approx(memory["measured_bytes"], rel=0.5)
        with OpenAI(base_url=made["openai_base_url"], api_key="none") as openai:
            assert len(openai.embeddings.create(model="our/minilm", input="Abba").data[0].embedding) == 384
            asked: Any = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 4}
            assert openai.chat.completions.create(model="chat", **asked).usage is not None
        assert say("up")["changed"] is False
    finally:
        say("down")
