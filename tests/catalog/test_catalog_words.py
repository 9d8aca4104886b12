"""The table of words: read strictly, and each word decides something where its rule looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.words import KINDS, read_words

from modelscan.catalog.index.query import read_query
from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.asked import read

TABLE = (Path(__file__).resolve().parents[2] / "catalogs" / "words.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("fillers,the,,why,source", "`the` is of the kind `fillers`, which there is not"),
        ("filler,The,,why,source", "`The` is not in lower case"),
        ("filler,the ,,why,source", "`the ` has spaces around a value"),
        ("filler,hullo,,,source", "`hullo` lacks a word, a why or a source"),
        ("filler,hullo,,why,", "`hullo` lacks a word, a why or a source"),
        ("filler,hullo,chat,why,source", "`hullo` cannot mean `chat` as `filler`"),
        ("filler,the,,why,source", "`the` stands twice among `filler`"),
        ("task-sign,poet,poems,why,source", "`poet` cannot mean `poems` as `task-sign`"),
        ("use,(open,chat,why,source", "`(open` is no expression: missing ), unterminated subpattern at position 0"),
        ("filler,hullo,,why", "it has not 5 values"),
        ("filler,hullo,,why,source,more", "it has not 5 values"),
    ],
)
def test_what_is_no_row_is_refused_by_its_line(row: str, said: str) -> None:
    with pytest.raises(ValueError, match="line") as caught:
        read_words(f"{TABLE}{row}\n")
    assert str(caught.value) == f"line {len(TABLE.splitlines()) + 1}: {said}"


def test_a_table_without_a_kind_or_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="no word is of the kind `region`"):
        read_words("".join(line for line in TABLE.splitlines(keepends=True) if not line.startswith("region,")))
    with pytest.raises(ValueError, match="the columns are"):
        read_words(TABLE.replace("kind,word,", "word,kind,", 1))


def test_every_kind_is_explained() -> None:
    page = (Path(__file__).resolve().parents[2] / "catalogs" / "words.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


@pytest.mark.parametrize("host", vocabulary.HUB_ADDRESSES)
def test_every_hubs_address_is_cut_off(host: str) -> None:
    for address in (f"https://{host}/lab/tiny", f"https://www.{host}/lab/tiny", f"{host}/lab/tiny"):
        assert names.unwrap(address) == "lab/tiny"
    hub = vocabulary.HUB_ADDRESSES[host]
    assert read(f"https://{host}/lab/tiny").source == (None if hub == "ollama" else hub)


@pytest.mark.parametrize("word", sorted(vocabulary.QUANTIZATION))
def test_every_quantization_is_taken_off_a_name(word: str) -> None:
    assert names.without_quantization(("tiny", *names.words(word))) == (("tiny",), vocabulary.QUANTIZATION[word])


@pytest.mark.parametrize("suffix", vocabulary.REPO_SUFFIXES)
def test_every_suffix_of_a_repo_leads_back_to_the_model(suffix: str) -> None:
    assert names.base_repo(f"Lab/Tiny-7B-{suffix.upper()}") == "lab/tiny-7b"


def test_what_says_nothing_leaves_the_name() -> None:
    assert read_query("the best local qwen model").words == ("qwen",)
