"""A cross-encoder of BERT's kind as GGUF, in float32: the names of tensors and keys are those of llama.cpp."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.gguf_maker import gguf

_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_OTHER = {
    "bert.embeddings.word_embeddings": "token_embd",
    "bert.embeddings.token_type_embeddings": "token_types",
    "bert.embeddings.position_embeddings": "position_embd",
    "bert.embeddings.LayerNorm": "token_embd_norm",
    "bert.pooler.dense": "cls",
    "classifier": "cls.output",
}
_NORMAL, _CONTROL = 1, 3
_RANK = 4  # type of pooling


def reranker_in_gguf(folder: Path) -> bytes:
    """Of a folder with BertForSequenceClassification and a WordPiece tokenizer."""
    config = json.loads((folder / "config.json").read_text())
    content = (folder / "model.safetensors").read_bytes()
    end = 8 + struct.unpack_from("<Q", content)[0]
    names = _names(config["num_hidden_layers"])
    header = {names[name]: said for name, said in json.loads(content[8:end]).items() if name in names}
    tensors = {name: (said["shape"][::-1], "F32") for name, said in header.items()}
    data = {name: content[end:][slice(*said["data_offsets"])] for name, said in header.items()}
    return gguf(_metadata(config, folder), tensors, data)


def _names(layers: int) -> Mapping[str, str]:
    places = {
        **_OTHER,
        **{
            f"bert.encoder.layer.{layer}.{theirs}": f"blk.{layer}.{ours}"
            for layer in range(layers)
            for theirs, ours in _LAYER.items()
        },
    }
    return {f"{theirs}.{kind}": f"{ours}.{kind}" for theirs, ours in places.items() for kind in ("weight", "bias")}


def _metadata(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    special = {item["content"]: item["id"] for item in tokenizer["added_tokens"]}
    words = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].__getitem__)
    return {
        "general.architecture": "bert",
        "bert.block_count": config["num_hidden_layers"],
        "bert.context_length": config["max_position_embeddings"],
        "bert.embedding_length": config["hidden_size"],
        "bert.feed_forward_length": config["intermediate_size"],
        "bert.attention.head_count": config["num_attention_heads"],
        "bert.attention.layer_norm_epsilon": config["layer_norm_eps"],
        "bert.attention.causal": False,
        "bert.pooling_type": _RANK,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": [word if word in special else _piece(word) for word in words],
        "tokenizer.ggml.token_type": [_CONTROL if word in special else _NORMAL for word in words],
        "tokenizer.ggml.token_type_count": config["type_vocab_size"],
        "tokenizer.ggml.bos_token_id": special["[CLS]"],
        "tokenizer.ggml.cls_token_id": special["[CLS]"],
        "tokenizer.ggml.seperator_token_id": special["[SEP]"],
        "tokenizer.ggml.unknown_token_id": special["[UNK]"],
        "tokenizer.ggml.padding_token_id": special["[PAD]"],
        "tokenizer.ggml.mask_token_id": special["[MASK]"],
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": True,  # as llama.cpp's converter has it: [SEP] at the end too, which is no default
        "tokenizer.ggml.add_sep_token": False,
    }


def _piece(word: str) -> str:
    """The beginnings of words are marked, not the rest."""
    return word.removeprefix("##") if word.startswith("##") else f"\u2581{word}"
