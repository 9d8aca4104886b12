from __future__ import annotations

import pytest

from modelscan.parsing.addresses import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_only_this_machine_reaches_it(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com", "", None, "gpu"]
)
def test_others_may_reach_it(host: str | None) -> None:
    assert not is_loopback(host)
