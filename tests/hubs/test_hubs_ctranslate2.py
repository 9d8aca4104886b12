"""CTranslate2 in folders and repos: what the head of their file says, and what cannot be served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ctranslate2_maker import hearing, model_bin

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.describing import describe_listing
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import describe_folder

Write = Callable[..., Path]
REPO = {"model.bin": hearing(), "config.json": b'{"lang_ids": []}', "vocabulary.txt": b"a", "tokenizer.json": b"{}"}


def test_a_folder_has_the_shape_that_its_variables_have(write_model: Write) -> None:
    found = describe_folder(write_model(REPO))
    assert (found.format, found.quantization, found.task, found.only_pickles) == (
        *("ctranslate2", "FP16", "speech-to-text"),
        False,
    )
    shape = found.architecture
    assert shape is not None
    assert (shape.model_type, shape.hidden_size, shape.num_hidden_layers, shape.num_encoder_layers) == (
        *("whisper", 64, 2),
        2,
    )
    assert (shape.vocab_size, shape.max_position_embeddings, shape.num_attention_heads) == (51_864, 448, 1)
    assert found.size_bytes == len(REPO["model.bin"])


def test_of_a_hub_one_piece_is_read(write_model: Write) -> None:
    asked: list[str] = []

    def read(path: str, start: int, end: int) -> bytes:
        asked.append(path)
        return REPO[path][start:end]

    files = tuple(RemoteFile(path=name, size_bytes=len(content)) for name, content in REPO.items())
    found = describe_listing("huggingface", "lab/hears", Listing(commit="c" * 40, files=files), read)
    assert asked == ["model.bin"]
    assert (found.format, found.quantization, found.task, found.architecture) == (
        *("ctranslate2", "FP16", "speech-to-text"),
        None,
    )
    assert found.bytes_by_dtype == {"F16": len(REPO["model.bin"])}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model.bin": model_bin({}, kind="TransformerSpec")}, "holds a CTranslate2 model of the kind TransformerSpec"),
        ({"tokenizer.json": None}, "has no tokenizer"),
        ({"model.bin": b"version https://git-lfs.github.com/spec/v1\noid sha256:0"}, "git-lfs pointers"),
    ],
)
def test_what_is_not_served_says_why(write_model: Write, change: dict[str, bytes | None], said: str) -> None:
    files = {name: content for name, content in (REPO | change).items() if content is not None}
    with pytest.raises(ModelNotFound, match=said):
        describe_folder(write_model(files))


def test_a_file_that_was_cut_off_is_damaged(write_model: Write) -> None:
    with pytest.raises(ModelscanError, match="is damaged") as raised:
        describe_folder(write_model(REPO | {"model.bin": REPO["model.bin"][:-9000]}))
    assert "in the middle of a variable" in raised.value.cause[0] or "ends at" in raised.value.cause[0]
