"""Remote images: only from public addresses, whatever a name or a redirection says."""

from __future__ import annotations

import base64
import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest
from tests.serving.conftest import Serve
from tests.serving.fakes import Echo

from modelscan_serving.handlers.remote import Unreachable, fetch_image, is_public, public_address


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "0.0.0.0", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2130706433", "0x7f.1"),
    ],
)
def test_no_address_of_a_private_network_is_reached(host: str) -> None:
    with pytest.raises(Unreachable, match="not a public address"):
        public_address(host, 80)


def test_public_ones_are() -> None:
    assert public_address("93.184.215.14", 443) == "93.184.215.14"
    assert public_address("2606:4700:4700::1111", 443) == "2606:4700:4700::1111"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://user:secret@93.184.215.14/", "it is not an http address"),
        ("http:///nothing", "it is not an http address"),
        ("http://93.184.215.14:port/", "its port is no number"),
    ],
)
def test_addresses_that_are_none(address: str, said: str) -> None:
    with pytest.raises(Unreachable, match=said):
        fetch_image(address, 1000)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, _, size = self.path.lstrip("/").partition("-")
        if path == "moved":
            self.send_response(302)
            self.send_header("location", "http://169.254.169.254/latest/meta-data")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("content-type", "image/png" if path == "image" else "text/html")
        self.end_headers()
        self.wfile.write(b"x" * int(size or 4))

    def log_message(self, *_: object) -> None:
        return


def public_here(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """As if 127.0.0.1 were a public address."""
    return str(address) == "127.0.0.1" or is_public(address)


def fetch(address: str, most_bytes: int) -> tuple[str, bytes]:
    return fetch_image(address, most_bytes, public_here)


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_image_is_fetched_and_nothing_else(site: str) -> None:
    assert fetch(f"{site}/image", 1000) == ("image/png", b"xxxx")
    with pytest.raises(Unreachable, match="larger than 1000 bytes"):
        fetch(f"{site}/image-1001", 1000)
    with pytest.raises(Unreachable, match="there is no image"):
        fetch(f"{site}/page", 1000)
    with pytest.raises(Unreachable, match="not a public address"):
        fetch(f"{site}/moved", 1000)
    with pytest.raises(Unreachable, match="the connection failed"):
        fetch(f"http://127.0.0.1:{(urlsplit(site).port or 0) + 1}/image", 1000)


def test_where_it_is_allowed_a_model_gets_the_image_as_data(serve: Serve, site: str) -> None:
    echo = Echo()
    parts = [{"type": "image_url", "image_url": {"url": f"{site}/image"}}]
    body = {"model": "echo", "messages": [{"role": "user", "content": parts}]}
    with serve({"echo": ("chat", echo)}, fetch=fetch) as client:
        assert client.post("/v1/chat/completions", json=body).status_code == 200
        inside = [{"type": "image_url", "image_url": {"url": "http://10.0.0.1/a.png"}}]
        refused = client.post("/v1/chat/completions", json={**body, "messages": [{"role": "user", "content": inside}]})
    assert echo.calls[0][0][0]["content"][0]["image_url"]["url"] == (
        "data:image/png;base64," + base64.b64encode(b"xxxx").decode()
    )
    assert refused.json()["error"]["message"] == "The image cannot be fetched: it is not a public address."
