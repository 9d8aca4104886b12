"""What hubs answer is validated where it enters: wrong parts are named or unknown, and nothing harmful passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import SourceUnavailable
from modelscan.hubs.account import AccountAnswer
from modelscan.hubs.huggingface.answers import ListedModels
from modelscan.hubs.modelscope.answers import FilesAnswer, RefusalAnswer, RepoAnswer
from modelscan.hubs.payload import read_payload

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["Data", "Files", "Path", "Size", "id", "data"]), inner)
    ),
)


def read(kind: Any, answer: object) -> Any:
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_payload(kind, content, SourceUnavailable)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"<html>log in</html>", "it starts with b'<html>log in</html>'"),
        (b"[" * 100_000, f"it starts with {b'[' * 80!r}"),
        ([], "it starts with b'[]'"),
        ({}, "`Data`: field required"),
        ({"Data": {"Files": [{"Path": "a"}, {"Size": 3}]}}, "`Data.FileList.Files.1.Path`: field required"),
        (
            {"Data": {"Files": [{"Path": "a", "Size": "7"}]}},
            "`Data.FileList.Files.0.Size`: input should be a valid integer",
        ),
        (
            {"Data": {"Files": [{"Path": "a", "Size": -1}]}},
            "`Data.FileList.Files.0.Size`: input should be greater than or equal to 0",
        ),
    ],
)
def test_what_is_no_list_of_files_says_where(answer: object, reason: str) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        read(FilesAnswer, answer)
    assert caught.value.message == reason


def test_files_in_every_form_that_the_api_has_had() -> None:
    files = [
        {"Path": "config.json", "Size": 3, "Sha256": "ab", "CommittedDate": 5, "Revision": "c", "IsLFS": False},
        {"Name": "empty.txt", "CommitId": "d", "CommittedDate": "yesterday"},
        {"Path": "folder", "Type": "tree"},
    ]
    for data in ({"Files": files}, files):
        found = read(FilesAnswer, {"Code": 200, "Data": data}).files
        assert [(file.path, file.size_bytes, file.revision) for file in found] == [
            ("config.json", 3, "c"),
            ("empty.txt", 0, "d"),
        ]
        assert [file.committed_at for file in found] == [5, None]
    assert read(FilesAnswer, {"Data": None}).files == []


def test_what_is_optional_and_makes_no_sense_is_unknown() -> None:
    about = read(RepoAnswer, {"Data": {"License": ["mit"], "Gated": "yes"}}).about
    assert (about.license, about.gated) == (None, None)
    assert read(RepoAnswer, {"Data": None}).about is None
    assert read(RefusalAnswer, {"Message": 5}).message is None
    (model,) = read(ListedModels, [{"id": "a/b", "tags": {}, "safetensors": {"total": -1}, "downloads": 1e30}])
    assert (model.tags, model.safetensors.total, model.downloads) == ((), None, None)
    assert read(ListedModels, [{"id": 3}, "x", {"id": ""}, {}]) == [None] * 4


def test_text_is_cleaned_and_cut() -> None:
    assert read(RefusalAnswer, {"Message": "no\x1b[31m\u202e way\n"}).message == "no[31m way"
    assert len(read(RefusalAnswer, {"Message": "x" * 100_000}).message) == 2_000
    (model,) = read(ListedModels, [{"id": "a/b", "tags": ["t"] * 10_000}])
    assert len(model.tags) == 500


@pytest.mark.parametrize(
    ("answer", "owner"),
    [
        ({"name": "ada"}, "ada"),
        ({"data": {"username": "ada", "name": "Ada L."}}, "ada"),
        ({"data": {"Username": "ada"}}, "ada"),
        ({"name": "ada\x07"}, "ada"),
        ({"data": [], "name": "ada"}, "ada"),
        ({"name": ""}, None),
        ({}, None),
    ],
)
def test_whose_a_token_is(answer: object, owner: str | None) -> None:
    assert read(AccountAnswer, answer).owner == owner


@pytest.mark.parametrize("kind", [FilesAnswer, RepoAnswer, ListedModels, RefusalAnswer, AccountAnswer])
@given(answer=JSON)
def test_any_answer_is_read_or_refused(kind: Any, answer: object) -> None:
    try:
        read(kind, answer)
    except SourceUnavailable as error:
        assert error.message  # noqa: PT017  both ways are right, and no third is
