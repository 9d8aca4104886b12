"""The network as it is, on this machine: servers that are slow, away, changed, unchanged, too large or wrong."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modelscan.catalog.sources.downloads import Downloads
from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.system.http import Http

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Quick:
    waited: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


@dataclass
class Server:
    """Answers in turn, the last one for ever; `headers` are what each request brought."""

    address: str
    answers: list[Answer] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            found.headers.append({**{name.lower(): value for name, value in self.headers.items()}, "path": self.path})
            answer = found.answers[0] if len(found.answers) == 1 else found.answers.pop(0)
            answer(self)

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    found = Server(f"http://127.0.0.1:{running.server_address[1]}/x.json")
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    running.shutdown()
    running.server_close()


def says(content: bytes = b"", status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, without end."""
    handler.send_response(200)
    handler.end_headers()
    pause = threading.Event()
    try:
        while not pause.wait(0.02):
            handler.wfile.write(b" ")
    except OSError:
        handler.close_connection = True


def breaks_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def downloads(folder: Path, clock: Quick | None = None, **limits: float) -> Downloads:
    return Downloads(Http(**limits), clock or Quick(), folder)


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({"etag": '"v1"'}, ("if-none-match", '"v1"')),
        ({"etag": 'W/"v1"'}, ("if-none-match", 'W/"v1"')),
        (
            {"last_modified": "Fri, 20 Nov 2026 10:00:00 GMT"},
            ("if-modified-since", "Fri, 20 Nov 2026 10:00:00 GMT"),
        ),
    ],
)
def test_what_has_not_changed_is_not_sent_again(
    server: Server, tmp_path: Path, told: dict[str, str], asked: tuple[str, str]
) -> None:
    server.answers = [says(b"content", **told), says(status=304)]
    first, second = downloads(tmp_path), downloads(tmp_path)
    assert first.get(server.address) == second.get(server.address) == b"content"
    assert server.headers[1][asked[0]] == asked[1]
    assert first.digest() == second.digest()


def test_a_server_that_names_no_version_is_asked_anew(server: Server, tmp_path: Path) -> None:
    server.answers = [says(b"one"), says(b"two")]
    first, second = downloads(tmp_path), downloads(tmp_path)
    assert (first.get(server.address), second.get(server.address)) == (b"one", b"two")
    assert first.digest() != second.digest()
    assert not any(name.startswith("if-") for name in server.headers[1])


def test_packed_answers_are_unpacked_and_measured_unpacked(server: Server, tmp_path: Path) -> None:
    server.answers = [says(gzip.compress(b"a" * 5000), content_encoding="gzip")]
    assert downloads(tmp_path).get(server.address) == b"a" * 5000
    assert "gzip" in server.headers[0]["accept-encoding"]
    server.answers = [says(gzip.compress(bytes(80 * 1024**2)), content_encoding="gzip")]
    with pytest.raises(SourceUnavailable, match="is larger than 67108864 bytes"):
        downloads(tmp_path).get(server.address)
    assert len(server.headers) == 2


@pytest.mark.parametrize("away", [says(status=503), says(status=429), says(status=502), breaks_off])
def test_a_server_that_is_away_for_a_moment_is_asked_again(server: Server, tmp_path: Path, away: Answer) -> None:
    server.answers = [away, away, says(b"back")]
    clock = Quick()
    assert downloads(tmp_path, clock).get(server.address) == b"back"
    assert [0.5 * 2**attempt <= wait <= 2**attempt for attempt, wait in enumerate(clock.waited)] == [True, True]


def test_a_server_may_say_when(server: Server, tmp_path: Path) -> None:
    server.answers = [says(status=503, retry_after="7"), says(b"back")]
    clock = Quick()
    assert downloads(tmp_path, clock).get(server.address) == b"back"
    assert clock.waited == [7.0]
    server.answers = [says(status=503, retry_after="3600")]
    with pytest.raises(SourceUnavailable, match="answered 503"):
        downloads(tmp_path, clock).get(server.address)
    assert clock.waited == [7.0]


def test_three_times_is_enough(server: Server, tmp_path: Path) -> None:
    server.answers = [says(status=500)]
    with pytest.raises(SourceUnavailable, match="answered 500"):
        downloads(tmp_path).get(server.address)
    assert len(server.headers) == 3


@pytest.mark.parametrize(("status", "error"), [(404, SourceUnavailable), (401, Unauthorized), (403, Gated)])
def test_what_was_meant_is_not_asked_again(
    server: Server, tmp_path: Path, status: int, error: type[SourceUnavailable]
) -> None:
    server.answers = [says(status=status)]
    with pytest.raises(error):
        downloads(tmp_path).get(server.address)
    assert len(server.headers) == 1


def test_a_server_that_is_silent_or_endless_is_left(server: Server, tmp_path: Path) -> None:
    released = threading.Event()
    server.answers = [lambda _: (released.wait(5), None)[1]]
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        downloads(tmp_path, timeout=0.1).get(server.address)
    released.set()
    server.answers = [drips]
    with pytest.raises(SourceUnavailable, match="took longer than 0 s"):
        downloads(tmp_path, longest=0.1).get(server.address)


def test_proxies_of_the_environment_are_used(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [says(b"through the proxy")]
    monkeypatch.setenv("HTTP_PROXY", server.address.removesuffix("/x.json"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert downloads(tmp_path).get("http://mirror.invalid/api.json") == b"through the proxy"
    assert server.headers[0]["path"] == "http://mirror.invalid/api.json"


def test_files_and_paths_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a file.json"
    file.write_bytes(b"here")
    for address in (str(file), file.as_uri()):
        assert downloads(tmp_path).get(address) == b"here"
    with pytest.raises(SourceUnavailable, match="cannot be read"):
        downloads(tmp_path).get(str(tmp_path / "none"))


def test_a_copy_that_cannot_be_kept_costs_nothing(server: Server, tmp_path: Path) -> None:
    server.answers = [says(b"content", etag='"v1"')]
    (tmp_path / "file").write_text("")
    assert downloads(tmp_path / "file" / "folder").get(server.address) == b"content"
