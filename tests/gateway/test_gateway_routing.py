"""Who gets a request, and what of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading

import pytest
from fake_upstream import FakeUpstream
from gateway_house import House, member, request
from inline_snapshot import snapshot


def body_at(upstream: FakeUpstream) -> dict[str, object]:
    found: dict[str, object] = json.loads(upstream.requests[-1][3])
    return found


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/completions", "/v1/completions"),
        ("/v1/responses", "/v1/responses"),
        ("/embeddings", "/v1/embeddings"),
        ("/rerank", "/v1/rerank"),
        ("/v1/score", "/score"),
        ("/v1/audio/speech", "/v1/audio/speech"),
        ("/images/generations", "/v1/images/generations"),
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
        ("/messages/count_tokens", "/v1/messages/count_tokens"),
        ("/tokenize", "/tokenize"),
    ],
)
def test_each_route_with_and_without_v1(house: House, upstream: FakeUpstream, path: str, arrives: str) -> None:
    answer = house.ask("POST", path, {"model": "demo"})
    assert (answer.status, upstream.requests[-1][:2]) == (200, ("POST", arrives))
    assert answer.headers["x-modelscan-deployment"] == "demo"


def test_the_body_arrives_as_it_was_sent_and_so_does_the_answer(house: House, upstream: FakeUpstream) -> None:
    body = b'{ "model" :"lab/demo",\n"messages":[{"content":"\\"model\\": 3 \xc3\xa9"}], "unknown": [1.0e3, null] }'
    answer = house.ask("POST", "/v1/chat/completions", body)
    assert upstream.requests[-1][3] == body
    assert answer.json["choices"][0]["message"]["content"] == "hello"


def test_a_stream_comes_token_by_token(house: House) -> None:
    answer = house.chat(stream=True, n=5, id="a")
    assert answer.whole
    assert answer.events == [*({"i": number, "id": "a"} for number in range(5)), answer.events[5], "[DONE]"]


@pytest.mark.parametrize("name", ["DEMO", "Lab/Demo", "gpt-4o", "GPT-4o"])
def test_names_lead_where_they_should_and_the_endpoint_gets_one_it_knows(
    house: House, upstream: FakeUpstream, name: str
) -> None:
    known = member("demo", upstream.base_url, serves=("demo", "lab/demo"))
    house.serve(known, names={"lab/demo": ("demo",)}, aliases={"gpt-4o": "lab/demo"})
    answer = house.ask("POST", "/v1/chat/completions", b'{"temperature": 1, "model": "%s", "n": 2}' % name.encode())
    assert answer.status == 200
    assert upstream.requests[-1][3] == b'{"temperature": 1, "model": "demo", "n": 2}'


def test_an_unknown_name_is_told_with_near_ones(house: House) -> None:
    answer = house.chat("demmo")
    assert answer.status == 404
    assert answer.json == {
        "error": {
            "message": "there is no model `demmo`; did you mean `demo` or `lab/demo`?",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


def test_defaults_of_a_model_are_added_where_the_request_leaves_them_open(house: House, upstream: FakeUpstream) -> None:
    house.serve(member("demo", upstream.base_url, defaults={"temperature": 0.2, "max_tokens": 64}))
    house.chat(temperature=1)
    assert body_at(upstream) == {"max_tokens": 64, "model": "demo", "temperature": 1}
    house.chat(metadata={"temperature": 9})
    assert body_at(upstream)["temperature"] == 0.2


def test_defaults_have_the_names_of_the_route_and_none_where_nothing_is_sampled(
    house: House, upstream: FakeUpstream
) -> None:
    house.serve(member("demo", upstream.base_url, defaults={"temperature": 0.2, "max_tokens": 64}))
    house.chat(max_completion_tokens=8)
    assert body_at(upstream) == {"temperature": 0.2, "model": "demo", "max_completion_tokens": 8}
    added = {}
    for path in ("completions", "responses", "messages", "embeddings", "rerank", "tokenize", "messages/count_tokens"):
        house.ask("POST", f"/v1/{path}", {"model": "demo"})
        added[path] = {name: value for name, value in body_at(upstream).items() if name != "model"}
    assert added == snapshot(
        {
            "completions": {"temperature": 0.2, "max_tokens": 64},
            "responses": {"temperature": 0.2, "max_output_tokens": 64},
            "messages": {"temperature": 0.2, "max_tokens": 64},
            "embeddings": {},
            "rerank": {},
            "tokenize": {},
            "messages/count_tokens": {},
        }
    )


@pytest.mark.parametrize("name", ["sql", "SQL", "queries"])
def test_an_adapter_is_asked_for_as_its_backend_has_it(house: House, upstream: FakeUpstream, name: str) -> None:
    """Also by another name of it; the model alone is asked as always."""
    for said, arrives in (
        ({"model": "sql"}, {"model": "sql"}),
        ({"model": "demo:sql"}, {"model": "demo:sql"}),
        ({"lora": [{"id": 0, "scale": 1.0}]}, {"model": "demo", "lora": [{"id": 0, "scale": 1.0}]}),
    ):
        served = member("demo", upstream.base_url, serves=("demo",), adapters={"sql": said})
        house.serve(served, names={"sql": ("demo",)}, aliases={"queries": "sql"})
        house.ask("POST", "/v1/completions", {"model": name, "prompt": "x"})
        assert body_at(upstream) == {**arrives, "prompt": "x"}
        house.ask("POST", "/v1/completions", {"model": "demo", "prompt": "x"})
        assert body_at(upstream) == {"model": "demo", "prompt": "x"}


def test_structured_outputs_only_where_they_are_supported(house: House, upstream: FakeUpstream) -> None:
    house.serve(member("demo", upstream.base_url, supports_structured_outputs=False))
    refused = house.chat(response_format={"type": "json_schema"})
    assert (refused.status, refused.json["error"]["param"]) == (400, "response_format")
    assert house.chat(response_format={"type": "text"}).status == 200


def test_a_large_body_arrives_untouched(house: House, upstream: FakeUpstream) -> None:
    body = json.dumps({"messages": ['é \\ "model": ' * 60_000], "model": "demo"}, ensure_ascii=False).encode()
    assert len(body) > 900_000
    assert house.ask("POST", "/v1/chat/completions", body).status == 200
    assert upstream.requests[-1][3] == body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"model": "demo", "model": "other"}', "the body must name its `model` once"),
        (b'{"model": "demo", "Model": "other"}', "the body must name its `model` once"),
        (b'{"model": "demo", "\\u006dodel": "other"}', "the body must name its `model` once"),
        (b'{"metadata": {"model": "demo"}}', "the body must name a `model`"),
        (b'{"model": 5}', "`model` must be a string"),
        (b'{"model": null}', "`model` must be a string"),
        (b'["model"]', "the body must be a JSON object"),
        (b"[" * 60_000, "the body is not valid JSON"),
        (b"", "the body is not valid JSON"),
        (b'{"model": "demo"', "the body is not valid JSON"),
    ],
)
@pytest.mark.parametrize("padding", [0, 70_000])
@pytest.mark.slow
def test_a_body_that_could_be_read_in_two_ways_reaches_nobody(
    house: House, upstream: FakeUpstream, body: bytes, message: str, padding: int
) -> None:
    if body.startswith(b"{") and body.endswith(b"}"):
        body = b'{"p": "' + b"x" * padding + b'", ' + body[1:]
    answer = house.ask("POST", "/v1/chat/completions", body)
    assert answer.status == 400
    assert answer.json["error"]["message"].startswith(message)
    assert upstream.requests == []


def test_a_nested_model_does_not_mislead(house: House, upstream: FakeUpstream) -> None:
    for padding in (1, 70_000):
        body = b'{"metadata": {"model": "other"}, "p": "%s", "model": "demo"}' % (b"x" * padding)
        assert house.ask("POST", "/v1/chat/completions", body).status == 200
        assert upstream.requests[-1][3] == body


def form(*parts: tuple[str, bytes], boundary: str = "XX") -> bytes:
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (b'; filename="a.wav"' if name == "file" else b"")
        + b"\r\n\r\n"
        + value
        + b"\r\n"
        for name, value in parts
    ]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


AUDIO = bytes(range(256)) * 4_000
MULTIPART = {"content-type": "multipart/form-data; boundary=XX"}


@pytest.mark.parametrize("order", [("model", "file"), ("file", "model")])
@pytest.mark.parametrize("name", ["demo", "alias-of-demo"])
def test_a_form_is_routed_by_its_model_wherever_it_stands(
    house: House, upstream: FakeUpstream, order: tuple[str, str], name: str
) -> None:
    house.serve(member("demo", upstream.base_url), aliases={"alias-of-demo": "demo"})
    values = {"model": name.encode(), "file": AUDIO}
    answer = house.ask(
        "POST", "/v1/audio/transcriptions", form(*((part, values[part]) for part in order)), headers=MULTIPART
    )
    assert answer.status == 200
    values["model"] = b"demo"
    assert upstream.requests[-1][3] == form(*((part, values[part]) for part in order))


@pytest.mark.parametrize("step", [1, 7, 1_000])
def test_a_form_in_pieces(house: House, upstream: FakeUpstream, step: int) -> None:
    body = form(("model", b"demo"), ("file", AUDIO[: step * 300]))
    with house.connection() as wire:
        whole = request("POST", "/v1/audio/translations", body, MULTIPART)
        for start in range(0, len(whole), step):
            wire.socket.sendall(whole[start : start + step])
        assert wire.answer().status == 200
    assert upstream.requests[-1][3] == body


@pytest.mark.parametrize(
    "body",
    [
        form(("model", b"demo"), ("model", b"other"), ("file", b"x")),
        form(("file", b"x")),
        form(("MODEL", b"demo"), ("model", b"demo")),
        form(("model", b"demo")).replace(b'name="model"', b'name="x"; name="model"'),
        form(("model", b"demo")).replace(b'name="model"', b"name=model"),
        form(("model", b"demo")).replace(b'name="model"', b"name*=utf-8''model"),
        form(("model", b"m" * 5_000)),
        b"nothing of the kind",
    ],
)
def test_a_form_that_could_be_read_in_two_ways_reaches_nobody(
    house: House, upstream: FakeUpstream, body: bytes
) -> None:
    assert house.ask("POST", "/v1/audio/transcriptions", body, headers=MULTIPART).status == 400
    assert all(b"--XX--" not in item[3] for item in upstream.requests)


def test_a_chunked_body_arrives(house: House, upstream: FakeUpstream) -> None:
    parts = [b'{"mod', b'el": "de', b'mo"}']
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    headers = {"transfer-encoding": "chunked"}
    assert house.ask("POST", "/v1/chat/completions", chunks, headers=headers).status == 200
    assert upstream.requests[-1][3] == b'{"model": "demo"}'
    assert upstream.requests[-1][2]["content-length"] == "17"


def test_several_of_one_name_share_the_load_by_weight(
    house: House, upstream: FakeUpstream, other: FakeUpstream
) -> None:
    heavy, light = member("a", upstream.base_url, weight=3), member("b", other.base_url)
    house.serve(heavy, light, names={"both": ("a", "b")})
    threads = [threading.Thread(target=house.chat, args=("both",), kwargs={"do": "slow", "gap": 0.3}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(upstream.requests), len(other.requests)) == (6, 2)


def test_max_parallelism_makes_the_others_wait(house: House, upstream: FakeUpstream) -> None:
    house.serve(member("demo", upstream.base_url, max_parallelism=2))
    threads = [threading.Thread(target=house.chat, kwargs={"do": "slow", "gap": 0.05}) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(upstream.requests), upstream.most_in_flight) == (6, 2)


def test_the_list_of_models(house: House, upstream: FakeUpstream) -> None:
    stopped = member("off", upstream.base_url, status="stopped")
    house.serve(member("demo", upstream.base_url, owned_by="vllm", max_model_len=4096), stopped, aliases={"a": "demo"})
    for path in ("/v1/models", "/models"):
        listed = {item["id"]: item for item in house.ask("GET", path).json["data"] if "table" not in item["id"]}
        assert listed == {
            name: {"id": name, "object": "model", "created": 0, "owned_by": "vllm", "max_model_len": 4096}
            for name in ("a", "demo")
        }
    assert house.ask("GET", "/v1/models/DEMO").json["id"] == "demo"
    assert house.ask("GET", "/v1/models/off").status == 404


def test_what_the_backend_lacks_is_told_in_openai_s_shape(house: House) -> None:
    answer = house.ask("POST", "/v1/rerank", {"model": "demo", "do": "lacks"})
    assert answer.status == 404
    assert answer.json["error"]["message"] == "the backend of this model does not serve this route: Not Found"
    own = house.ask("POST", "/v1/rerank", {"model": "demo", "do": "status", "status": 404})
    assert own.json == {"error": {"message": "upstream says no"}}


def test_paths_that_there_are_not(house: House) -> None:
    answer = house.ask("POST", "/v1/nothing", {"model": "demo"})
    assert (answer.status, answer.json["error"]["message"]) == (404, "there is no route `/v1/nothing`")
    assert house.ask("GET", "/v1/chat/completions").status == 405
    assert house.ask("HEAD", "/").status == 200
    assert house.ask("GET", "/ui/").json["error"]["message"] == "the HTTP API is not running"


def test_a_unix_socket_is_an_endpoint_too(house: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "s"
    made = FakeUpstream(path=path)
    house.serve(member("demo", "http://localhost", socket=str(path)))
    assert house.chat().status == 200
    assert len(made.requests) == 1
    made.close()


def test_an_answer_before_the_whole_form_spoils_no_later_request(house: House) -> None:
    """Its endpoint would take what comes next on that connection for the rest of the form."""
    seen: list[tuple[int, bytes]] = []

    def talk(number: int, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                seen.append((number, data.split(b" ")[1]))
                connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}")

    def serve() -> None:
        with contextlib.suppress(OSError):
            for number in itertools.count():
                threading.Thread(target=talk, args=(number, endpoint.accept()[0]), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        threading.Thread(target=serve, daemon=True).start()
        house.serve(member("demo", f"http://127.0.0.1:{endpoint.getsockname()[1]}"))
        whole = request("POST", "/v1/audio/transcriptions", form(("model", b"demo"), ("file", AUDIO)), MULTIPART)
        for _ in range(2):
            with house.connection() as wire:
                wire.socket.sendall(whole[:600])
                assert wire.answer().status == 404
        house.chat()
        house.chat()
        endpoint.shutdown(socket.SHUT_RDWR)
    form_path, chat_path = b"/v1/audio/transcriptions", b"/v1/chat/completions"
    assert seen == [(0, form_path), (1, form_path), (2, chat_path), (2, chat_path)]
