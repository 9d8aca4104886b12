"""CTranslate2: what the head of a file says, in how few pieces, and what hostile ones are answered with."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ctranslate2_maker import hearing, model_bin

from modelscan.model import WeightsDescription
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.reading.ctranslate2 import Ct2Header, read_header
from modelscan.weights.reading.selection import needed_files, only_ctranslate2, only_pickles

SMALL = {"a/weight": ((4, 2), "F16"), "b/weight": ((8,), "F32")}


def header(content: bytes, most_reads: int | None = None) -> Ct2Header:
    return read_header(lambda start, end: content[start:end], len(content), most_reads)


def test_a_whole_file() -> None:
    found = header(hearing())
    assert (found.kind, found.revision, found.whole, found.settings["encoder/num_heads"]) == ("WhisperSpec", 3, True, 1)
    assert found.variables["decoder/embeddings/weight"].shape == (51_864, 64)
    sums = found.sums()
    assert sums.bytes_by_dtype.keys() == {"F16"}
    assert sums.parameters_by_dtype["F16"] * 2 == sums.bytes_by_dtype["F16"]


def test_data_is_passed_over_and_one_piece_says_what_most_is() -> None:
    content = hearing()
    asked: list[tuple[int, int]] = []

    def read(start: int, end: int) -> bytes:
        asked.append((start, end))
        return content[start:end]

    assert read_header(read, len(content)).whole
    assert sum(end - start for start, end in asked) < len(content) / 5
    asked.clear()
    found = read_header(read, len(content), 1)
    assert (asked, found.whole) == ([(0, 65_536)], False)
    assert found.sums().bytes_by_dtype == {"F16": len(content)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "ends after 0 bytes"),
        (b"PK\3\4" + bytes(60), "its version is"),  # a pickle of PyTorch
        (model_bin(SMALL, version=5), "its version is 5"),
        (model_bin(SMALL)[:40], "ends"),
        (model_bin(SMALL) + b"more", "4 trailing bytes"),
        (model_bin(SMALL)[:18] + struct.pack("<II", 3, 2**31) + bytes(99), "claims"),
        (model_bin({"a": ((2,) * 5, "I8")}), "5 dimensions"),
        (model_bin(SMALL).replace(struct.pack("<BI", 4, 16), struct.pack("<BI", 9, 16)), "of type 9"),
        (
            model_bin(SMALL).replace(struct.pack("<BI", 4, 16), struct.pack("<BI", 4, 2**31)),
            "bytes for 8 values of F16",
        ),
        (model_bin(SMALL).replace(b"b/weight\0", b"a/weight\0"), "stands in it twice"),
        (model_bin(SMALL).replace(b"\x09\0a/weight", b"\xff\xffa/weight"), "a name in it claims"),
    ],
)
def test_a_file_that_lies_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        header(content)


@given(st.binary(max_size=200), st.integers(0, 120), st.binary(min_size=1, max_size=8))
def test_whatever_it_holds_it_is_read_or_refused(junk: bytes, at: int, change: bytes) -> None:
    whole = model_bin(SMALL)
    for content in (junk, whole[:at] + change + whole[at + len(change) :], whole[:18] + junk):
        try:
            found = header(content)
        except ValueError:
            continue
        assert sum(item.size_bytes for item in found.variables.values()) <= len(content)


def test_which_files_there_are_and_which_are_needed() -> None:
    repo = ("README.md", "config.json", "model.bin", "tokenizer.json", "vocabulary.txt", "other.bin", "a.png")
    assert only_ctranslate2(repo)
    assert not only_pickles(repo)
    assert needed_files(repo) == ("README.md", "config.json", "model.bin", "tokenizer.json", "vocabulary.txt")
    assert not only_ctranslate2((*repo, "model.safetensors"))
    assert not only_ctranslate2(("config.json", "model.bin", "tokenizer.json"))


def test_int8_takes_a_byte_a_number_embeddings_included() -> None:
    described = WeightsDescription(
        source="local_path", repo_id="x", location="x", format="ctranslate2", parameters_by_dtype={"F16": 1_000_000}
    )
    for word, expected in (("INT8", 1_060_000), ("FP32", 4_000_000)):
        size = weights_bytes(described, word, at_load=True)
        assert size is not None
        assert size.estimate == pytest.approx(expected, rel=0.01)
