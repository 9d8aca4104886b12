"""What is judged before the first byte: pure, by tables and properties."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from modelscan.dataclasses import replace
from modelscan.hubs.preflight import code_elsewhere, code_question, disk_space_margin, disk_space_shortfall, no_token
from modelscan.model import WeightsDescription
from modelscan.units import GIB, MIB
from modelscan.weights.reading.listing import code_repos

PLACE = PurePosixPath("/cache")
GATED = WeightsDescription(source="huggingface", repo_id="lab/shut", location="lab/shut", gated=True)


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_never_more_than_there_is_room_for_and_never_refused_with_the_margin_free(needed: int, free: int) -> None:
    refused = disk_space_shortfall("lab/x", needed, free, PLACE)
    assert (refused is None) == (free >= needed + disk_space_margin(needed))


def test_nothing_to_fetch_needs_no_disk_space() -> None:
    assert disk_space_shortfall("lab/x", 0, 0, PLACE) is None


def test_the_figures_are_told() -> None:
    refused = disk_space_shortfall("lab/x", 10 * GIB, 10 * GIB + 100 * MIB, PLACE)
    assert refused is not None
    assert (refused.message, refused.cause) == snapshot(
        (
            "`/cache` has too little free disk space for `lab/x`",
            (
                "10.00 GiB have to be downloaded, and 256.00 MiB must stay free",
                "10.10 GiB are free, 156.00 MiB short",
            ),
        )
    )


def test_a_gated_repo_wants_a_token_and_says_what_to_click() -> None:
    words = {"page": "https://hub/lab/shut", "login": "modelscan login"}
    assert no_token(GATED, has_token=True, **words) is None
    refused = no_token(GATED, has_token=False, **words)
    assert refused is not None
    assert refused.hints == ("accept the terms in a browser: https://hub/lab/shut", "modelscan login")


def test_code_of_another_repo_is_nothing_to_agree_to() -> None:
    refused = code_elsewhere(replace(GATED, code_repos=("other/code",)))
    assert refused is not None
    assert refused.cause == ("its config refers to other/code",)
    assert code_elsewhere(GATED) is None
    config = {"auto_map": {"AutoModel": "other/code--m.Model", "AutoTokenizer": ["t.Slow", None]}}
    assert code_repos(config) == ("other/code",)


def test_code_is_shown_with_hashes_and_not_without_end() -> None:
    assert code_question("lab/x", {"b.py": "git:2", "a.py": "git:1"}, "https://hub/lab/x") == snapshot("""\
`lab/x` contains Python code, which would run with your permissions:
  a.py  git:1
  b.py  git:2
Read it first: https://hub/lab/x
Allow it to run?\
""")
    many = code_question("lab/x", {f"{number:02}.py": "git:1" for number in range(30)}, None)
    assert many.splitlines()[-2:] == ["  and 10 more", "Allow it to run?"]
