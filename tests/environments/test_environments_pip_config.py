"""What pip is configured with reaches uv in uv's words; what the user told uv wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.environments.pip_config import parse_pip_config, read_pip_config, uv_variables, wants_no_index
from modelscan.system.processes.run import Completed

LISTING = r"""
:env:.cert='/etc/ssl/own.pem'
:env:.default-timeout='180'
download.find-links='/only/for/download'
global.extra-index-url='\nhttps://a.test/simple\nhttps://b.test/simple'
global.find-links='/wheels'
global.timeout='60'
install.find-links='/wheels /more'
a line that pip may add one day
"""


def test_sections_are_merged_as_pip_does() -> None:
    assert parse_pip_config(LISTING) == {
        "extra-index-url": "https://a.test/simple\nhttps://b.test/simple",
        "find-links": "/wheels /more",
        "timeout": "180",
        "cert": "/etc/ssl/own.pem",
    }


@pytest.mark.parametrize(
    ("options", "environ", "expected"),
    [
        ({}, {}, {}),
        ({"index-url": "https://m.test/simple"}, {}, {"UV_DEFAULT_INDEX": "https://m.test/simple"}),
        ({"index-url": "https://m.test/simple"}, {"UV_INDEX_URL": "https://mine.test"}, {}),
        ({"index-url": "https://m.test/simple"}, {"UV_DEFAULT_INDEX": "https://mine.test"}, {}),
        (
            {"extra-index-url": "https://a.test/simple\nhttps://b.test/simple"},
            {},
            {"UV_INDEX": "https://a.test/simple https://b.test/simple", "UV_INDEX_STRATEGY": "unsafe-best-match"},
        ),
        (
            {"extra-index-url": "https://a.test/simple"},
            {"UV_INDEX_STRATEGY": "first-index"},
            {"UV_INDEX": "https://a.test/simple"},
        ),
        ({"extra-index-url": "https://a.test/simple"}, {"UV_EXTRA_INDEX_URL": "https://mine.test"}, {}),
        ({"extra-index-url": "file:///gone/simple"}, {}, {}),
        ({"find-links": "/here /gone https://l.test/"}, {}, {"UV_FIND_LINKS": "/here,https://l.test/"}),
        ({"find-links": "/gone"}, {}, {}),
        ({"find-links": "/here"}, {"UV_FIND_LINKS": "/mine"}, {}),
        ({"find-links": "file:///here"}, {}, {"UV_FIND_LINKS": "file:///here"}),
        ({"trusted-host": "a.test b.test:8443"}, {}, {"UV_INSECURE_HOST": "a.test b.test:8443"}),
        ({"cert": "/here/ca.pem"}, {}, {"SSL_CERT_FILE": "/here/ca.pem"}),
        ({"cert": "/here/ca.pem"}, {"SSL_CERT_FILE": "/mine.pem"}, {}),
        ({"client-cert": "/here/me.pem"}, {}, {"SSL_CLIENT_CERT": "/here/me.pem"}),
        (
            {"proxy": "http://me:word@proxy.test:3128"},
            {},
            {"HTTPS_PROXY": "http://me:word@proxy.test:3128", "HTTP_PROXY": "http://me:word@proxy.test:3128"},
        ),
        ({"proxy": "http://proxy.test:3128"}, {"https_proxy": "http://mine.test"}, {}),
        ({"timeout": "180", "retries": "9"}, {}, {"UV_HTTP_TIMEOUT": "180", "UV_HTTP_RETRIES": "9"}),
        ({"disable-pip-version-check": "1", "user": "true"}, {}, {}),
    ],
)
def test_words_of_uv(options: dict[str, str], environ: dict[str, str], expected: dict[str, str]) -> None:
    assert uv_variables(options, environ, exists=lambda path: str(path).startswith("/here")) == expected


@given(
    options=st.dictionaries(
        st.sampled_from(["index-url", "extra-index-url", "find-links", "cert", "proxy", "timeout", "trusted-host"]),
        st.text("abc:/. \n", max_size=20),
    ),
    environ=st.dictionaries(
        st.sampled_from(
            ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE", "HTTPS_PROXY", "UV_HTTP_TIMEOUT"]
        ),
        st.just("mine"),
    ),
)
def test_nothing_the_user_told_uv_is_overruled(options: dict[str, str], environ: dict[str, str]) -> None:
    made = uv_variables(options, environ)
    assert not made.keys() & environ.keys()
    assert all(made.values())


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("no", False), ("1", True), ("true", True)])
def test_no_index(value: str, expected: bool) -> None:
    assert wants_no_index({"no-index": value}) is expected
    assert wants_no_index({}) is False


def test_the_first_interpreter_that_has_pip_is_asked(make_script: Callable[..., Path], tmp_path: Path) -> None:
    without = make_script(tmp_path / "a" / "python", "import sys; sys.exit(1)")
    having = make_script(tmp_path / "b" / "python", "print(\"global.find-links='/wheels'\")")
    options = read_pip_config([str(without), str(having)], environ={"PIP_FIND_LINKS": "/from/variable"})
    assert options == {"find-links": "/wheels"}


def test_without_any_pip_its_variables_still_count() -> None:
    def no_pip(_argv: Sequence[str], *, env: object, timeout: float) -> Completed:
        return Completed(1)

    environ = {"PIP_FIND_LINKS": "/wheels", "PIP_DEFAULT_TIMEOUT": "9", "PIP_CERT": "", "HOME": "/h"}
    options = read_pip_config(["python3"], environ=environ, run=no_pip)
    assert options == {"find-links": "/wheels", "timeout": "9"}
