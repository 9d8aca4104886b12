"""What somebody else runs: over TLS and proxies, with keys that stay where they belong, asked whether it answers."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from certificates import Authority
from fake_proxy import FakeProxy
from fake_upstream import FakeUpstream
from gateway_house import House, member, until
from inline_snapshot import snapshot

from modelscan.gateway.exchange.held import HeldAnswer, is_held
from modelscan.gateway.upstream.answer import AnswerHead
from modelscan.routing.compiled import TableMember
from modelscan.services.files import read_status

KEY = "sk-upstream-secret"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def proxy() -> Iterator[FakeProxy]:
    made = FakeProxy(user="me", password="proxy-word")
    yield made
    made.close()


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, authority: Authority, proxy: FakeProxy) -> Iterator[House]:
    """A gateway that trusts the authority, and asks a proxy for every host that is not this machine."""
    at = f"http://me:proxy-word@127.0.0.1:{proxy.port}"
    variables = {"SSL_CERT_FILE": str(authority.file), "HTTPS_PROXY": at, "HTTP_PROXY": at}
    made = House(
        tmp_path_factory.mktemp("far"),
        environ={**variables, "UPSTREAM_KEY": KEY, "WRONG_KEY": "sk-wrong", "MODELSCAN_GATEWAY_CHECK": "0.3"},
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
def secure(authority: Authority) -> Iterator[FakeUpstream]:
    made = FakeUpstream(ssl=authority.server("IP:127.0.0.1", "DNS:api.example.test"))
    yield made
    made.close()


def remote(name: str, base_url: str, **changes: Any) -> TableMember:
    values = {"kind": "upstream", "api_key_env": "UPSTREAM_KEY", "model": "big-1", "serves": ("big-1",), **changes}
    return member(name, f"{base_url}/v1", **values)


def chats(upstream: FakeUpstream) -> list[tuple[str, str, dict[str, str], bytes]]:
    return [item for item in upstream.requests if item[0] == "POST"]


def stands(house: House, name: str) -> dict[str, str | None]:
    """Status and cause as the gateway tells them."""
    found: dict[str, str | None] = read_status(house.files).get("upstreams", {}).get(name, {})
    return found


def until_away(house: House, name: str, why: str) -> None:
    until(lambda: why in (stands(house, name).get("cause") or ""), what=f"`{name}` to be found out: {why}")


def until_ready(house: House, name: str) -> None:
    until(lambda: stands(house, name) == {"status": "ready", "cause": None}, what=f"`{name}` to answer")


def test_over_tls_with_a_kept_connection(far: House, secure: FakeUpstream) -> None:
    far.serve(remote("big", secure.base_url))
    for _ in range(3):
        assert far.chat("big").json["choices"][0]["message"]["content"] == "hello"
    events = far.chat("big", stream=True, n=50, gap=0.0).events
    assert ([item.get("i") for item in events[:-2]], events[-1]) == ([*range(50)], "[DONE]")
    assert secure.connections <= 2  # one of them may be the question whether it answers
    method, path, headers, body = chats(secure)[0]
    assert (method, path, body) == ("POST", "/v1/chat/completions", b'{"model": "big-1"}')
    assert headers["host"] == f"127.0.0.1:{secure.port}"


def test_large_bodies_over_tls(far: House, secure: FakeUpstream) -> None:
    far.serve(remote("big", secure.base_url))
    assert far.chat("big", do="large", n=5_000_000, fill="x" * 2_000_000).body == b"x" * 5_000_000
    assert len(chats(secure)[0][3]) > 2_000_000


def test_a_client_that_leaves_cancels_it_over_tls(far: House, secure: FakeUpstream) -> None:
    far.serve(remote("big", secure.base_url))
    with far.connection() as wire:
        wire.send("POST", "/v1/chat/completions", {"model": "big", "stream": True, "n": 100_000, "gap": 0.01})
        wire.socket.recv(100)
    until(lambda: secure.left == 1, what="the upstream to see its client go")


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("DNS:other.test",), "its certificate is not trusted: IP address mismatch"),
        ((), "its certificate is not trusted: "),
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(
    far: House, authority: Authority, tmp_path: Path, names: tuple[str, ...], why: str
) -> None:
    one = authority if names else Authority(tmp_path)
    upstream = FakeUpstream(ssl=one.server(*(names or ("IP:127.0.0.1",))))
    far.serve(remote("big", upstream.base_url))
    until_away(far, "big", why)
    until(lambda: far.chat("big").status == 503, what="a look at it to count for requests too")
    refused = far.chat("big")
    assert refused.json["error"]["code"] == "upstream_unusable"
    assert why in refused.json["error"]["message"]
    assert upstream.requests == []
    upstream.close()


def test_through_a_tunnel(far: House, secure: FakeUpstream, proxy: FakeProxy) -> None:
    proxy.heads.clear()
    far.serve(remote("big", f"https://api.example.test:{secure.port}"))
    for _ in range(3):
        assert far.chat("big").status == 200
    assert far.chat("big", stream=True).events[-1] == "[DONE]"
    assert {head.split("\r\n")[0] for head in proxy.heads} == {f"CONNECT api.example.test:{secure.port} HTTP/1.1"}
    assert len(proxy.heads) <= 2
    assert KEY not in "".join(proxy.heads)
    assert all(headers["authorization"] == f"bearer {KEY}" for _, _, headers, _ in secure.requests)
    assert all("proxy-authorization" not in headers for _, _, headers, _ in secure.requests)


def test_a_proxy_that_makes_no_tunnel(far: House, secure: FakeUpstream, proxy: FakeProxy) -> None:
    proxy.status = 403
    far.serve(remote("big", f"https://api.example.test:{secure.port}"))
    until_away(far, "big", "it cannot be reached: the proxy answered 403")
    proxy.status = 200
    until_ready(far, "big")
    assert far.chat("big").status == 200


def test_without_tls_a_proxy_gets_the_whole_address(far: House, upstream: FakeUpstream, proxy: FakeProxy) -> None:
    proxy.heads.clear()
    far.serve(remote("big", f"http://box.example.test:{upstream.port}"))
    assert far.chat("big").status == 200
    assert not [head for head in proxy.heads if head.startswith("CONNECT")]
    (_, target, headers, _) = chats(upstream)[0]
    assert target == f"http://box.example.test:{upstream.port}/v1/chat/completions"
    assert headers["host"] == f"box.example.test:{upstream.port}"


def test_no_key_crosses_over(far: House, upstream: FakeUpstream) -> None:
    """The client's stays here, the upstream's stays there, and what an upstream says of either is not repeated."""
    far.serve(
        remote("big", upstream.base_url),
        remote("wrong", upstream.base_url, api_key_env="WRONG_KEY", model="w", serves=("w",)),
    )
    client = {"authorization": "Bearer sk-client", "x-api-key": "sk-client", "api-key": "sk-client"}
    account = {"openai-organization": "org-client", "cookie": "session=sk-client", "x-goog-api-key": "sk-client"}
    for path, extra in (("/v1/chat/completions", {}), ("/v1/messages", {"max_tokens": 1})):
        answer = far.ask("POST", path, {"model": "big", "do": "echo", **extra}, headers={**client, **account})
        assert "client" not in answer.body.decode()
        assert answer.json["headers"]["authorization"] == f"bearer {KEY}"
    for status, code in ((401, "upstream_unauthorized"), (403, None)):
        said = far.chat("big", do="status", leak=True, status=status)
        assert KEY not in said.body.decode()
        assert said.json["error"].get("code") == code
    assert far.chat("wrong", do="status", leak=True, status=401).json["error"]["message"] == snapshot(
        "`wrong`: it refuses the key in `WRONG_KEY`"
    )
    assert KEY not in far.log()


def test_a_key_that_is_missing_is_told_before_anything_is_sent(far: House, upstream: FakeUpstream) -> None:
    far.serve(remote("big", upstream.base_url, api_key_env="NOT_THERE"), remote("other", upstream.base_url))
    refused = far.chat("big")
    assert (refused.status, refused.json["error"]["message"]) == snapshot(
        (
            503,
            "`big` cannot be used: its key is missing: `NOT_THERE` is not set where the gateway was started",
        )
    )
    assert chats(upstream) == []
    assert next(item["id"] for item in far.ask("GET", "/v1/models").json["data"]) == "other"


@pytest.mark.parametrize(("status", "told"), [(401, 502), (429, 429), (502, 502), (503, 503)])
def test_a_fallback_where_an_upstream_turns_away(
    far: House, upstream: FakeUpstream, other: FakeUpstream, status: int, told: int
) -> None:
    far.serve(
        remote("big", upstream.base_url),
        remote("small", other.base_url, model="big", serves=("big",)),
        fallbacks={"big": ("small",)},
    )
    assert far.chat("big", do="status", status=status).status == told  # as both say the same
    assert (len(chats(upstream)), len(chats(other))) == (1, 1)


def test_without_a_fallback_its_limit_is_the_client_s_to_see(far: House, upstream: FakeUpstream) -> None:
    far.serve(remote("big", upstream.base_url))
    assert far.chat("big", do="status", status=429).body == b'{"error": {"message": "upstream says no"}}'


@pytest.mark.slow
def test_one_that_is_away_is_known_to_be_before_a_request_waits_for_it(far: House, upstream: FakeUpstream) -> None:
    far.serve(remote("big", upstream.base_url))
    until_ready(far, "big")
    upstream.kill()
    until_away(far, "big", "it cannot be reached: connection refused")
    assert [item["id"] for item in far.ask("GET", "/v1/models").json["data"] if item["id"] == "big"] == []
    upstream.again()
    until_ready(far, "big")
    assert far.chat("big").status == 200
    until(lambda: "big: it answers again" in far.log(), what="the log to tell of it")


def test_a_stream_that_an_upstream_breaks_off_over_tls(far: House, secure: FakeUpstream) -> None:
    far.serve(remote("big", secure.base_url))
    answer = far.chat("big", do="die")
    assert answer.whole
    assert answer.events[-1]["error"]["code"] == "upstream_died"


def test_a_name_is_written_anew_only_where_the_upstream_has_another(far: House, upstream: FakeUpstream) -> None:
    far.serve(remote("big", upstream.base_url), names={"big-1": ("big",)})
    for asked, arrived in ((b'{"model":  "big-1" }', None), (b'{"model":  "big" }', b'{"model":  "big-1" }')):
        far.ask("POST", "/v1/chat/completions", asked)
        assert chats(upstream)[-1][3] == (arrived or asked)


@pytest.mark.parametrize(
    ("path", "arrives"), [("/v1/embeddings", "/v1/embeddings"), ("/tokenize", "/tokenize"), ("/score", "/score")]
)
def test_paths_at_an_upstream(far: House, upstream: FakeUpstream, path: str, arrives: str) -> None:
    far.serve(remote("big", upstream.base_url))
    far.ask("POST", path, {"model": "big"})
    assert chats(upstream)[-1][1] == arrives


def test_what_an_upstream_says_of_its_host_stays_there(far: House) -> None:
    """A cookie, and where else it listens, would be taken for the gateway's own."""
    with Told(b'set-cookie: a=b\r\nalt-svc: h3=":443"\r\nx-ratelimit-remaining-requests: 9\r\n') as told:
        far.serve(remote("big", f"http://127.0.0.1:{told.port}"))
        headers = far.chat("big").headers
    assert "set-cookie" not in headers
    assert "alt-svc" not in headers
    assert headers["x-ratelimit-remaining-requests"] == "9"


def test_an_error_that_cannot_be_read_is_not_repeated() -> None:
    headers = [(b"content-encoding", b"gzip"), (b"content-type", b"application/json"), (b"content-length", b"3")]
    head = AnswerHead(403, headers)
    assert is_held(head)
    held = HeldAnswer(head, KEY)
    held.feed(b"\x1f\x8b\x08")
    told, body = held.whole()
    assert (told.status, dict(told.headers)) == (403, {b"content-type": b"application/json"})
    assert b"denies access" in body


KEYRING = """
from keyring.backend import KeyringBackend
class Kept(KeyringBackend):
    priority = 5
    def get_password(self, service, username):
        return {"modelscan/KEPT_KEY": "sk-from-the-keyring"}.get(f"{service}/{username}")
    def set_password(self, service, username, password): ...
    def delete_password(self, service, username): ...
"""


def test_a_key_that_the_keyring_has(tmp_path: Path, upstream: FakeUpstream) -> None:
    (tmp_path / "kept_keyring.py").write_text(KEYRING)
    settings = tmp_path / ".config" / "python_keyring" / "keyringrc.cfg"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[backend]\ndefault-keyring=kept_keyring.Kept\nkeyring-path={tmp_path}\n")
    house = House(tmp_path)
    house.start()
    try:
        house.serve(remote("big", upstream.base_url, api_key_env="KEPT_KEY"))
        until(lambda: house.chat("big").status == 200, what="the keyring to be asked")
        assert chats(upstream)[-1][2]["authorization"] == "bearer sk-from-the-keyring"
    finally:
        house.stop()
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not any(b"sk-from-the-keyring" in path.read_bytes() for path in files)


class Told:
    """Answers everything with the same headers."""

    def __init__(self, headers: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._answer = b"HTTP/1.1 200 OK\r\n" + headers + b"content-length: 2\r\n\r\n{}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.recv(65_536)
                client.sendall(self._answer)
                client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
