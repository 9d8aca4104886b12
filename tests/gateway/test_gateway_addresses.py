"""By which way an upstream is reached, and where Ollama is: what the variables of a machine say. Pure."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.gateway.upstream.address import address_of
from modelscan.routing.ollama import is_cloud, ollama_address, spellings

PROXY = "http://me:p%40ss@proxy.test:3128"


@pytest.mark.parametrize(
    ("address", "environ", "way"),
    [
        ("https://host/v1", {}, ("host", 443, None)),
        ("https://host/v1", {"HTTPS_PROXY": PROXY}, ("host", 443, ("proxy.test", 3128))),
        ("https://host/v1", {"https_proxy": "proxy.test"}, ("host", 443, ("proxy.test", 80))),
        ("https://host/v1", {"ALL_PROXY": PROXY}, ("host", 443, ("proxy.test", 3128))),
        ("https://host/v1", {"HTTP_PROXY": PROXY}, ("host", 443, None)),
        ("http://host:8000", {"HTTP_PROXY": PROXY}, ("proxy.test", 3128, None)),
        ("http://127.0.0.1:8000", {"HTTP_PROXY": PROXY}, ("127.0.0.1", 8000, None)),
        ("http://[::1]:8000", {"HTTP_PROXY": PROXY}, ("::1", 8000, None)),
        ("https://localhost", {"HTTPS_PROXY": PROXY}, ("localhost", 443, None)),
        ("https://a.host.test", {"HTTPS_PROXY": PROXY, "NO_PROXY": "x, .host.test"}, ("a.host.test", 443, None)),
        ("https://a.host.test", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*.host.test"}, ("a.host.test", 443, None)),
        (
            "https://ahost.test",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "host.test"},
            ("ahost.test", 443, ("proxy.test", 3128)),
        ),
        ("https://10.1.2.3", {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"}, ("10.1.2.3", 443, None)),
        (
            "https://11.1.2.3",
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8,"},
            ("11.1.2.3", 443, ("proxy.test", 3128)),
        ),
        ("https://host", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, ("host", 443, None)),
    ],
)
def test_the_way_to_an_upstream(address: str, environ: dict[str, str], way: object) -> None:
    found = address_of(address, environ=environ)
    assert (found.host, found.port, found.proxy) == way
    if found.host == "proxy.test":
        assert (found.prefix, found.authority) == (b"http://host:8000", b"host:8000")
    if "p%40ss" in str(environ) and "proxy.test" in str(found):
        assert found.proxy_key == b"Basic " + base64.b64encode(b"me:p@ss")


@pytest.mark.parametrize("proxy", ["socks5://proxy.test:1080", "https://proxy.test", "http://"])
def test_a_proxy_that_is_none_of_ours_is_refused(proxy: str) -> None:
    with pytest.raises(ValueError, match="only HTTP proxies"):
        address_of("https://host/v1", environ={"HTTPS_PROXY": proxy})


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999"),
        (":9999", "http://127.0.0.1:9999"),
        ("[::]:9999", "http://[::1]:9999"),
        ("::1", "http://[::1]:11434"),
        ("box.test", "http://box.test:11434"),
        ("box.test:1", "http://box.test:1"),
        ("http://box.test", "http://box.test:80"),
        ("https://box.test", "https://box.test:443"),
        ("https://box.test:8443/path/", "https://box.test:8443"),
        (' "http://box.test:5" ', "http://box.test:5"),
        ("box.test:http", "http://box.test:11434"),
        ("box.test:99999", "http://box.test:11434"),
    ],
)
def test_where_ollama_answers(said: str, address: str) -> None:
    assert ollama_address({"OLLAMA_HOST": said}) == address


def test_names_of_ollama() -> None:
    names = {
        "smollm2:135m": ("smollm2:135m",),
        "llama3.2": ("llama3.2:latest", "llama3.2"),
        "library/llama3.2:latest": ("llama3.2:latest", "llama3.2"),
        "registry.ollama.ai/library/qwen3:8b": ("qwen3:8b",),
        "hf.co/lab/repo-GGUF:Q4_K_M": ("hf.co/lab/repo-GGUF:Q4_K_M",),
        "host:5000/space/model": ("host:5000/space/model:latest", "host:5000/space/model"),
    }
    assert {name: spellings(name) for name in names} == names
    assert [is_cloud(name, {}) for name in ("a:cloud", "a:120b-cloud", "a:120b", "cloud")] == [True, True, False, False]


@given(st.text(max_size=60))
def test_whatever_is_said_leads_somewhere_or_is_the_default(said: str) -> None:
    assert ollama_address({"OLLAMA_HOST": said}).startswith(("http://", "https://"))
