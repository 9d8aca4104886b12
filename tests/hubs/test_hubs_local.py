"""Folders of weights: what is read of them, and what a damaged one is answered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.folder.describe import describe_folder
from modelscan.hubs.huggingface.cache import is_complete
from modelscan.hubs.variables import hub_cache
from modelscan.weights.reading.safetensors import header_end, parse_header, sum_tensors
from modelscan.weights.reading.selection import needed_files

Write = Callable[..., Path]
Make = Callable[..., bytes]


def test_one_file(write_model: Write, make_safetensors: Make, llama: dict[str, Any]) -> None:
    folder = write_model(
        {
            "config.json": llama,
            "model.safetensors": make_safetensors(
                {"a": ("F32", [3, 5], 60), "b": ("BF16", [4], 8), "empty": ("F32", [0], 0)}
            ),
            "tokenizer_config.json": {"chat_template": "{{ x }}"},
            "modeling_own.py": "print()",
        }
    )
    found = describe_folder(folder)
    assert (found.source, found.location, found.task, found.format) == (
        "local_path",
        str(folder),
        "chat",
        "safetensors",
    )
    assert (found.bytes_by_dtype, found.parameters_by_dtype) == ({"F32": 60, "BF16": 8}, {"F32": 15, "BF16": 4})
    assert (found.quantization, found.has_chat_template, found.code_files) == ("FP32", True, ("modeling_own.py",))
    assert found.size_bytes == (folder / "model.safetensors").stat().st_size


def test_shards_of_an_index(write_model: Write, make_safetensors: Make, llama: dict[str, Any]) -> None:
    shards = {f"model-0000{n}-of-00002.safetensors": make_safetensors({f"t{n}": ("BF16", [n], 2 * n)}) for n in (1, 2)}
    index = {"weight_map": {"t1": "model-00001-of-00002.safetensors", "t2": "model-00002-of-00002.safetensors"}}
    folder = write_model(
        {
            "config.json": llama,
            "model.safetensors.index.json": index,
            "consolidated.safetensors": b"?",
            "tokenizer.json": "{}",
            **shards,
        }
    )
    assert describe_folder(folder).parameters_by_dtype == {"BF16": 3}
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ModelscanError) as raised:
        describe_folder(folder)
    assert raised.value.message == f"`{folder}/model-00002-of-00002.safetensors` is missing"
    assert raised.value.cause == ("its index names `model-00002-of-00002.safetensors`, which is missing",)


def test_an_index_that_points_outside(write_model: Write, llama: dict[str, Any]) -> None:
    folder = write_model({"config.json": llama, "model.safetensors.index.json": {"weight_map": {"a": "../../secret"}}})
    with pytest.raises(ModelscanError, match=r"names `\.\./\.\./secret`, which is outside the repo"):
        describe_folder(folder)


def test_only_a_config(write_model: Write, llama: dict[str, Any]) -> None:
    found = describe_folder(write_model({"config.json": llama}))
    assert (found.size_bytes, found.bytes_by_dtype, found.format, found.quantization) == (None, {}, None, "BF16")
    assert (found.task, found.has_chat_template) == ("completion", False)


def test_modelopt_keeps_its_quantization_in_a_file_of_its_own(write_model: Write, llama: dict[str, Any]) -> None:
    folder = write_model(
        {"config.json": llama, "hf_quant_config.json": {"quantization": {"quant_algo": "NVFP4", "group_size": 16}}}
    )
    found = describe_folder(folder)
    assert (found.quantization, found.format) == ("NVFP4", "modelopt")
    assert found.architecture is not None
    assert found.architecture.quant_group_size == 16


def test_other_files(write_model: Write, llama: dict[str, Any]) -> None:
    found = describe_folder(write_model({"config.json": llama, "pytorch_model.bin": b"12345"}))
    assert (found.format, found.size_bytes, found.bytes_by_dtype) == ("pytorch", 5, {})


def test_no_folder_and_no_config(tmp_path: Path, write_model: Write, llama: dict[str, Any]) -> None:
    with pytest.raises(ModelNotFound, match="does not exist"):
        describe_folder(tmp_path / "none")
    folder = write_model({"inner/config.json": llama})
    with pytest.raises(ModelNotFound) as raised:
        describe_folder(folder)
    assert raised.value.hints == (f"did you mean `{folder / 'inner'}`?",)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"a": '])
def test_a_damaged_config(write_model: Write, content: str) -> None:
    with pytest.raises(ModelscanError, match=r"config\.json` is damaged"):
        describe_folder(write_model({"config.json": content}))


def header(document: object, data: int = 8) -> bytes:
    text = json.dumps(document).encode()
    return len(text).to_bytes(8, "little") + text + bytes(data)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "its header claims 0 bytes, but the file has 0"),
        (b"1234", None),
        ((200_000_000).to_bytes(8, "little") + b"{}", "its header claims 200000000 bytes, but the file has 10"),
        ((2**63).to_bytes(8, "little"), None),
        (header([]), "its header is not a JSON object"),
        ((2).to_bytes(8, "little") + b"{{", None),
        (header({"a": {"dtype": "F32", "shape": [2]}}), "tensor `a` has no valid dtype, shape and offsets"),
        (header({"a": 3}), "tensor `a` has no valid dtype, shape and offsets"),
        (header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]}}), "tensor `a` is at 0 to 9 of 8 bytes"),
        (header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}), "tensor `a` is at 8 to 0 of 8 bytes"),
        (header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}), "4 trailing bytes belong to no tensor"),
        (header({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}), "tensor `a` begins at 4 instead of 0"),
        (header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}), "tensor `b` begins at 4 instead of 8"),
        (header({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}), "tensor `a` has 8 bytes for 3 values of F32"),
        (header({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}), "tensor `a` has an invalid dtype, shape or offsets"),
        (header({"a": {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]}}), "tensor `a` has an invalid dtype, shape or offsets"),
    ],
)  # fmt: skip
def test_headers_that_are_wrong(write_model: Write, llama: dict[str, Any], content: bytes, cause: str | None) -> None:
    folder = write_model({"config.json": llama, "tokenizer.json": "{}", "model.safetensors": content})
    with pytest.raises(ModelscanError) as raised:
        describe_folder(folder)
    assert raised.value.message == f"`{folder}/model.safetensors` is damaged"
    assert cause is None or raised.value.cause == (cause,)


def test_types_smaller_than_a_byte_and_types_of_tomorrow() -> None:
    sums = sum_tensors(
        {
            "a": {"dtype": "F4", "shape": [4, 4], "data_offsets": [0, 8]},
            "b": {"dtype": "Q7", "shape": [9], "data_offsets": [8, 16]},
        },
        16,
    )
    assert sums.bytes_by_dtype == {"F4": 8, "Q7": 8}


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes, framed: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(len(data).to_bytes(8, "little") + data if framed else data)
    try:
        content = path.read_bytes()
        sums = parse_header(content[: header_end(content, len(content))], len(content))
    except ValueError:
        return
    assert sum(sums.bytes_by_dtype.values()) <= 10**6


REPO = [
    "config.json",
    "model.safetensors",
    "pytorch_model.bin",
    "original/params.json",
    "onnx/model.onnx",
    "x.gguf",
    "1_Pooling/config.json",
]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (REPO, ["config.json", "model.safetensors", "1_Pooling/config.json"]),
        (["config.json", "pytorch_model.bin", "tf_model.h5"], ["config.json", "pytorch_model.bin"]),
        (["consolidated.safetensors", "model-00001-of-00001.safetensors"], ["model-00001-of-00001.safetensors"]),
        (["consolidated.safetensors", "params.json"], ["consolidated.safetensors", "params.json"]),
    ],
)
def test_what_a_backend_needs_of_a_repo(names: list[str], wanted: list[str]) -> None:
    assert list(needed_files(names)) == wanted


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({"HOME": "/h"}, "/h/.cache/huggingface/hub"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HOME": "/h", "HF_HOME": "/y"}, "/y/hub"),
        ({"HF_HOME": "/y", "HF_HUB_CACHE": "/z"}, "/z"),
        ({"HF_HOME": "/y", "HUGGINGFACE_HUB_CACHE": "/older"}, "/older"),
        ({"HF_HUB_CACHE": "/z", "HUGGINGFACE_HUB_CACHE": "/older"}, "/z"),
        ({"HOME": "/h", "BIG": "/big", "HF_HOME": "$BIG/hf"}, "/big/hf/hub"),
        ({"HOME": "/h", "BIG": "/big", "HF_HUB_CACHE": "${BIG}/x"}, "/big/x"),
        ({"HOME": "/h", "HF_HOME": "~/hf"}, "/h/hf/hub"),
        ({"HOME": "/h", "HF_HOME": "/$UNKNOWN/hf"}, "/$UNKNOWN/hf/hub"),
    ],
)
def test_where_the_cache_is(environ: dict[str, str], cache: str) -> None:
    assert hub_cache(environ) == Path(cache)


def test_a_snapshot_counts_only_when_complete(tmp_path: Path) -> None:
    assert not is_complete(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert not is_complete(tmp_path)
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"")
    assert not is_complete(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").symlink_to(tmp_path / "gone")
    assert not is_complete(tmp_path)
    (tmp_path / "gone").write_bytes(b"")
    assert is_complete(tmp_path)
