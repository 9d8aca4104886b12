"""GGUF: what headers say, what hostile ones are answered with, where bytes lie, which files belong together."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gguf_maker import gguf, model, tensors
from tests.planning.machines import llama

from modelscan.hubs.families import shipped_families
from modelscan.model import Architecture, Form, LayerBytes, TensorBytes, WeightsDescription
from modelscan.storage.shipped import shipped_text
from modelscan.weights.counting.gguf_bytes import by_scheme, laid_out, scheme_of
from modelscan.weights.counting.kv_cache import layer_kinds
from modelscan.weights.reading.gguf import GgufHeader, read_header
from modelscan.weights.reading.gguf_files import form_of, forms_there, gguf_files, missing_parts, projector_of
from modelscan.weights.reading.gguf_shape import parse_architectures, read_gguf_shape, tensor_bytes

ARCHITECTURES = parse_architectures(shipped_text("gguf_architectures.csv"))


def header(content: bytes) -> GgufHeader:
    return read_header(lambda start, end: content[start:end], len(content))


def shape_of(content: bytes) -> Architecture:
    return read_gguf_shape([header(content)], shipped_families(), ARCHITECTURES)


def test_a_whole_header() -> None:
    found = header(model())
    assert (found.architecture, len(found.tensors)) == ("llama", 17)
    assert found.metadata["tokenizer.ggml.tokens"] == 1024  # a vocabulary is counted, not kept
    assert (
        next(item for item in found.tensors if item.name == "blk.0.ffn_down.weight").size_bytes == 512 * 256 * 9 // 16
    )
    shape = shape_of(model())
    sizes = (shape.num_hidden_layers, shape.hidden_size, shape.num_key_value_heads, shape.head_dim, shape.vocab_size)
    assert sizes == (2, 256, 2, 64, 1024)
    assert (shape.max_position_embeddings, shape.tie_word_embeddings, shape.layer_types) == (8192, False, ())


def test_it_is_read_in_few_growing_pieces() -> None:
    words = [f"word {number}" for number in range(400_000)]
    content = gguf({"general.architecture": "llama", "tokenizer.ggml.tokens": words}, tensors(1, "Q8_0"))
    asked: list[tuple[int, int]] = []

    def read(start: int, end: int) -> bytes:
        asked.append((start, end))
        return content[start:end]

    assert len(read_header(read, len(content)).tensors) == 10
    assert asked == [(0, 1024**2), (1024**2, 4 * 1024**2), (4 * 1024**2, len(content))]


def _with(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GGML" + model()[4:], "does not begin with `GGUF`"),
        (_with(model(), 4, struct.pack("<I", 1)), "its version is 1"),
        (_with(model(), 8, struct.pack("<Q", 2**40)), "claims 1099511627776 tensors"),
        (_with(model(), 16, struct.pack("<Q", 2**63)), "keys"),
        (_with(model(), 24, struct.pack("<Q", 2**50)), "a name in its header claims"),
        (model()[:200], "its header does not end"),
        (model()[:-4096], "bytes, or over the next one"),
        (gguf({"general.alignment": 0}, {}), "its alignment is 0"),
        (gguf({}, {"a": ((255,), "Q4_K")}), "no whole blocks of Q4_K"),
    ],
)
def test_a_hostile_header(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        header(content)


def test_lists_in_lists_end_somewhere() -> None:
    deep = b"".join(struct.pack("<IQ", 9, 1) for _ in range(50))
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<I", 9) + deep
    with pytest.raises(ValueError, match="lists in lists"):
        header(content + bytes(64))


@given(st.binary(max_size=300), st.integers(0, 2000), st.booleans())
def test_any_bytes_are_read_or_refused(noise: bytes, at: int, inside: bool) -> None:
    content = _with(model(layers=1), at, noise) if inside else b"GGUF" + noise
    try:
        found = header(content)
    except ValueError:
        return
    assert sum(item.size_bytes for item in found.tensors) <= len(content)
    read_gguf_shape([found], shipped_families(), ARCHITECTURES)
    assert tensor_bytes([found]).embedding >= 0


def _moe(layer: int) -> dict[str, Any]:
    return {f"blk.{layer}.ffn_{name}_exps.weight": ((256, 128, 8), "Q4_K") for name in ("gate", "up")} | {
        f"blk.{layer}.ffn_down_exps.weight": ((256, 128, 8), "Q6_K")
    }


def test_where_bytes_lie() -> None:
    content = gguf({"general.architecture": "qwen3moe", "qwen3moe.block_count": 1, "qwen3moe.expert_count": 8},
                   {"token_embd.weight": ((256, 64), "F16"), "output_norm.weight": ((256,), "F32"),
                    "blk.0.attn_q.weight": ((256, 256), "Q8_0"), **_moe(0)})  # fmt: skip
    tower = header(gguf({"general.architecture": "clip"}, {"v.a": ((256, 4), "F16")}))
    found = tensor_bytes([header(content)], tower)
    experts = 8 * 256 * 128 * (2 * 144 + 210) // 256
    table = 256 * 64 * 2
    assert found == TensorBytes(
        layers=(LayerBytes(256 * 256 * 34 // 32, experts),),
        embedding=table,
        output=table + 1024,  # both are one matrix, and the last GPU gets a copy
        copied=table,
        projector=2048,
    )
    assert found.total == 256 * 256 * 34 // 32 + experts + table + 1024 + 2048


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        (model("gemma3", 6, attention__sliding_window=512), {"sliding": 5, "full": 1}),
        (model("gpt-oss", 4, attention__sliding_window=128), {"sliding": 2, "full": 2}),
        (model("gemma4", 3, attention__sliding_window=512, attention__sliding_window_pattern=[True, True, False]), {"sliding": 2, "full": 1}),
        (model("llama", 3, attention__sliding_window=4096), {"full": 3}),  # nobody says which layers: all count in full
    ],
)  # fmt: skip
def test_windows(content: bytes, kinds: dict[str, int]) -> None:
    assert layer_kinds(shape_of(content)) == kinds


def test_latent_attention() -> None:
    shape = shape_of(
        model("deepseek2", attention__kv_lora_rank=512, attention__head_count_kv=1, attention__key_length=576,
              attention__value_length=512, attention__key_length_mla=192, attention__value_length_mla=128,
              rope__dimension_count=64, expert_count=256, expert_used_count=8)
    )  # fmt: skip
    assert (shape.kv_lora_rank, shape.qk_rope_head_dim, shape.head_dim, shape.v_head_dim) == (512, 64, 192, 128)
    assert (shape.num_experts, shape.num_experts_per_token) == (256, 8)


def test_states_of_a_hybrid() -> None:
    """Qwen3.5's delta nets: 48 heads of 128 by 128, 16 of keys, a convolution of four."""
    said = {"general.architecture": "qwen35", "qwen35.block_count": 2, "qwen35.full_attention_interval": 2,
            "qwen35.embedding_length": 256, "qwen35.attention.head_count": 4, "qwen35.ssm.state_size": 128,
            "qwen35.ssm.inner_size": 6144, "qwen35.ssm.group_count": 16, "qwen35.ssm.conv_kernel": 4}  # fmt: skip
    parts = {"token_embd.weight": ((256, 64), "F16"), "blk.0.attn_qkv.weight": ((256, 256), "F16"),
             "blk.0.ssm_a": ((48,), "F32"), "blk.1.attn_k.weight": ((256, 128), "F16")}  # fmt: skip
    shape = shape_of(gguf(said, parts))
    assert shape.layer_types == ("linear", "full")
    assert shape.details["state_values"] == 128 * 6144 + 3 * (6144 + 2 * 16 * 128)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"), ("UD-Q2_K_XL/R1-UD-Q2_K_XL-00001-of-00005.gguf", "UD-Q2_K_XL"),
        ("gpt-oss-120b-mxfp4-00001-of-00003.gguf", "MXFP4"), ("BF16/x-BF16-00001-of-00002.gguf", "BF16"),
        ("x.IQ3_XXS.gguf", "IQ3_XXS"), ("model-fp16.gguf", "F16"), ("llama-3.2-1b.gguf", None),
    ],
)  # fmt: skip
def test_the_form_in_a_name(name: str, form: str | None) -> None:
    assert form_of(name) == form


def test_files_that_belong_together() -> None:
    split = [f"UD-Q2_K_XL/R1-UD-Q2_K_XL-{part:05d}-of-00003.gguf" for part in (1, 2, 3)]
    names = [*split, "R1-Q4_K_M.gguf", "mmproj-BF16.gguf", "mmproj-F16.gguf", "imatrix.gguf", "README.md"]
    assert dict(forms_there(names)) == {"Q4_K_M": ("R1-Q4_K_M.gguf",), "UD-Q2_K_XL": tuple(split)}
    assert (gguf_files(names, "UD-Q2_K_XL"), gguf_files(names, "Q8_0")) == (tuple(split), ("R1-Q4_K_M.gguf",))
    assert projector_of(names) == "mmproj-F16.gguf"
    assert missing_parts([split[0], split[2]]) == (split[1],)


def test_the_scheme_of_the_8b_model() -> None:
    """To 0.01 MiB what llama.cpp's log says of Llama-3-8B in Q4_K_M: 4403.49 on the GPU, 281.81 on the host."""
    found = by_scheme(llama(), "Q4_K_M")
    assert found is not None
    tensors_, off_by = found
    layers = sum(layer.rest for layer in tensors_.layers) + tensors_.output
    assert (round(layers / 2**20, 1), round(tensors_.embedding / 2**20, 2)) == (4403.5, 281.81)
    assert 0 < off_by < 0.05


def test_what_is_known_of_a_form() -> None:
    exact = TensorBytes(layers=(LayerBytes(10, 20),), embedding=1, output=2)
    known = WeightsDescription(source="huggingface", repo_id="a/b", location="a/b", architecture=llama(), format="gguf",
                               quantization="Q4_K_M", tensors=exact, forms=(Form("Q8_0", ("x",), 8_000_000_000),))  # fmt: skip
    found = laid_out(known, "Q4_K_M")
    assert found is not None
    assert (found.tensors, found.off_by) == (exact, 0.0)
    other = laid_out(known, "Q8_0")
    assert other is not None
    assert abs(other.tensors.total / 8_000_000_000 - 1) < 0.001
    assert laid_out(known, "Q9_X") is None


def test_dynamic_mixtures_are_near_what_they_are_named_after() -> None:
    for word, base in (("UD-Q4_K_XL", "Q4_K_M"), ("UD-Q2_K_XL", "Q2_K"), ("Q3_K_XL", "Q3_K_M"), ("UD-IQ1_S", "IQ1_S")):
        found, plain = scheme_of(word), scheme_of(base)
        assert found is not None
        assert plain is not None
        assert (found[0], found[1]) == (plain[0], False)
    assert scheme_of("FP8") is None
