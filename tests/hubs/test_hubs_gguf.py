"""GGUF in folders: what headers say of the quantizations that lie side by side, and what a damaged one is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gguf_maker import gguf, model

from modelscan.errors import ModelscanError
from modelscan.hubs.folder.describe import describe_folder, folder_listing

Write = Callable[..., Path]
REPO = {
    "Tiny-Q4_K_M.gguf": model(),
    "Tiny-Q8_0.gguf": model(kind="Q8_0"),
    "BF16/Tiny-BF16-00001-of-00002.gguf": model(kind="F16"),
    "BF16/Tiny-BF16-00002-of-00002.gguf": gguf({"split.no": 1}, {"blk.2.attn_k.weight": ((256, 128), "F16")}),
    "mmproj-F16.gguf": gguf({"general.architecture": "clip"}, {"v.a": ((256, 256), "F16")}),
    "config.json": b"{}",
    "README.md": b"",
}


def test_a_folder_with_several(write_model: Write) -> None:
    folder = write_model(REPO)
    found = describe_folder(folder)
    assert (found.format, found.quantization, found.files) == ("gguf", "Q4_K_M", ("Tiny-Q4_K_M.gguf",))
    assert {form.quantization for form in found.forms} == {"Q8_0", "BF16"}
    assert (found.task, found.has_chat_template, found.template_words) == ("chat", True, ("<|im_start|>",))
    assert found.tensors is not None
    assert found.tensors.projector == 256 * 256 * 2
    two = describe_folder(folder, "BF16")
    assert two.tensors is not None
    assert (two.files[1], len(two.tensors.layers)) == ("BF16/Tiny-BF16-00002-of-00002.gguf", 3)
    one = describe_folder(folder / "Tiny-Q8_0.gguf")
    assert (one.quantization, one.forms, one.location) == ("Q8_0", (), str(folder / "Tiny-Q8_0.gguf"))
    assert {item.path for item in folder_listing(folder / "Tiny-Q8_0.gguf").files} == {
        "Tiny-Q8_0.gguf",
        "mmproj-F16.gguf",
    }


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"x-Q4_K_M.gguf": b"GGUF" + bytes(100)}, "version"),
        ({"x-Q4_K_M.gguf": model()[:-9000]}, "of"),
        ({"x-Q8_0-00001-of-00002.gguf": model()}, "a part that is missing"),
        ({"x-Q8_0.gguf": b"12345"}, "GGUF"),
        ({"mmproj-F16.gguf": model()}, "no model"),
    ],
)
def test_damaged_files(write_model: Write, files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(ModelscanError) as raised:
        describe_folder(write_model(files))
    assert reason in " ".join(raised.value.cause)
