"""The demo model that ships with the catalogs: small, whole, and free of traces of where it was trained."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

import pytest

DEMO = Path(__file__).parents[1] / "catalogs" / "demo"
FILES = (
    "README.md",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
BYTES_OF_BF16 = 2
# Head sizes that the attention of vLLM knows on a CPU.
CPU_HEAD_SIZES = {32, 64, 80, 96, 112, 128, 160, 192, 224, 256}


def read_json(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DEMO / name).read_text(encoding="utf-8"))
    return document


def safetensors_header() -> tuple[dict[str, Any], int]:
    """The header, and how many bytes follow it: eight bytes of length, then JSON, then the numbers."""
    path = DEMO / "model.safetensors"
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return header, path.stat().st_size - 8 - length


def expected_shapes(config: dict[str, Any]) -> dict[str, list[int]]:
    hidden, wide, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    layer = {
        "input_layernorm": [hidden],
        "post_attention_layernorm": [hidden],
        "self_attn.q_proj": [queries, hidden],
        "self_attn.k_proj": [keys, hidden],
        "self_attn.v_proj": [keys, hidden],
        "self_attn.o_proj": [hidden, queries],
        "mlp.gate_proj": [wide, hidden],
        "mlp.up_proj": [wide, hidden],
        "mlp.down_proj": [hidden, wide],
    }
    shapes = {"model.embed_tokens.weight": [config["vocab_size"], hidden], "model.norm.weight": [hidden]}
    for index in range(config["num_hidden_layers"]):
        shapes |= {f"model.layers.{index}.{name}.weight": shape for name, shape in layer.items()}
    return shapes


def test_the_folder_is_at_most_four_megabytes() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) <= 4_000_000


@pytest.mark.parametrize("name", FILES)
def test_every_file_a_backend_reads_is_there(name: str) -> None:
    assert (DEMO / name).stat().st_size > 0


def test_the_weights_have_the_shapes_that_the_config_says() -> None:
    config = read_json("config.json")
    header, size = safetensors_header()
    assert config["tie_word_embeddings"] is True
    assert {name: tensor["shape"] for name, tensor in header.items()} == expected_shapes(config)
    assert {tensor["dtype"] for tensor in header.values()} == {"BF16"}
    assert config["dtype"] == "bfloat16"
    assert max(tensor["data_offsets"][1] for tensor in header.values()) == size
    parameters = sum(
        BYTES_OF_BF16 * shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in expected_shapes(config).values()
    )
    assert parameters == size


def test_a_backend_on_a_cpu_can_run_it() -> None:
    config = read_json("config.json")
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["head_dim"] in CPU_HEAD_SIZES
    assert config["num_attention_heads"] % config["num_key_value_heads"] == 0
    assert config["max_position_embeddings"] == 2048


def test_tokenizer_config_and_chat_template_agree() -> None:
    tokenizer, settings, config = (
        read_json("tokenizer.json"),
        read_json("tokenizer_config.json"),
        read_json("config.json"),
    )
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    assert ids[settings["eos_token"]] == config["eos_token_id"] == read_json("generation_config.json")["eos_token_id"]
    assert ids[settings["pad_token"]] == config["pad_token_id"]
    assert all(token["special"] for token in tokenizer["added_tokens"])
    assert sorted(tokenizer["model"]["vocab"].values()) == list(range(config["vocab_size"]))
    template = (DEMO / "chat_template.jinja").read_text(encoding="utf-8")
    assert set(re.findall(r"<\|\w+\|>", template)) == {"<|im_start|>", "<|im_end|>"} <= set(ids)
    # A list here stops older versions of the library from loading the tokenizer.
    assert not isinstance(settings.get("extra_special_tokens"), list)


def test_a_request_that_names_no_temperature_gets_a_plain_answer() -> None:
    assert read_json("generation_config.json")["temperature"] <= 0.2


@pytest.mark.parametrize("name", FILES)
def test_no_file_says_where_it_was_made(name: str) -> None:
    content = (
        (DEMO / name).read_bytes() if name != "model.safetensors" else json.dumps(safetensors_header()[0]).encode()
    )
    assert not re.search(rb"(?<![\w.])/(home|root|tmp|work|opt|Users|mnt)/|[A-Z]:\\\\|file://", content)
