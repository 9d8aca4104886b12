"""What is asked over HTTPS is checked, whatever else the client does without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateway.certificates import Authority
from tests.gateway.fake_upstream import FakeUpstream

from modelscan.errors import SourceUnavailable
from modelscan.system.streaming import get_json, post_for_lines


@pytest.fixture
def strangers(tmp_path: Path) -> Iterator[FakeUpstream]:
    """A server with a certificate of an authority that nobody here knows."""
    made = FakeUpstream(ssl=Authority(tmp_path).server("IP:127.0.0.1"))
    yield made
    made.close()


@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_a_certificate_that_nobody_vouches_for_is_refused(strangers: FakeUpstream, scheme: str) -> None:
    address = f"{scheme}://127.0.0.1:{strangers.port}/v1/models"
    with pytest.raises(SourceUnavailable) as got:
        get_json(address)
    with pytest.raises(SourceUnavailable) as posted:
        next(post_for_lines(address, {}))
    for caught in (got, posted):
        assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.cause)
    assert strangers.requests == []


def test_plain_http_asks_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    plain = FakeUpstream()
    try:
        lines = post_for_lines(f"{plain.base_url}/v1/chat/completions", {"messages": []})
        assert json.loads("".join(lines))["object"] == "chat.completion"
    finally:
        plain.close()


def test_an_address_that_is_none_is_an_answer() -> None:
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        next(post_for_lines("http://[", {}))
