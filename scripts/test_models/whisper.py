"""Weights of Whisper as CTranslate2 keeps them, for transformers.

The form is that of CTranslate2's `model_spec.py` (version 6 of its files): names and numbers one after the other, and
queries and the like of a layer in one matrix. Names of layers in transformers: `modeling_whisper.py` of 5.24.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_HEAD = 64  # every size of Whisper has heads of that many
_MULTILINGUAL = 51_865  # words in the smallest vocabulary that has languages
_END = "<|endoftext|>"


class _File:
    """Reads what struct packed, little end first."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def number(self, form: str) -> int:
        [value] = struct.unpack_from(f"<{form}", self.content, self.at)
        self.at += struct.calcsize(form)
        return int(value)

    def text(self) -> str:
        size = self.number("H")
        self.at += size
        return self.content[self.at - size : self.at].rstrip(b"\0").decode()

    def array(self) -> Any:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size = np.dtype(_TYPES[self.number("B")]), self.number("I")
        self.at += size
        return np.frombuffer(self.content, kind, size // kind.itemsize, self.at - size).reshape(shape)


def read_weights(content: bytes) -> dict[str, torch.Tensor]:
    """By CTranslate2's names, in 32 bits."""
    file = _File(content)
    file.number("I")
    file.text()
    file.number("I")
    found = {}
    for _ in range(file.number("I")):
        name = file.text()
        found[name] = torch.from_numpy(file.array().astype(np.float32))
    for _ in range(file.number("I")):
        name = file.text()
        found[name] = found[file.text()]
    return found


def renamed(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By transformers' names."""
    words = weights["decoder/embeddings/weight"]
    made = {"model.decoder.embed_tokens.weight": words, "proj_out.weight": words}
    for side in ("encoder", "decoder"):
        made[f"model.{side}.embed_positions.weight"] = weights[f"{side}/position_encodings/encodings"]
        made |= _norm(weights, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for number in range(_layers(weights, side)):
            made |= dict(_layer(weights, f"{side}/layer_{number}", f"model.{side}.layers.{number}"))
    for name in ("conv1", "conv2"):
        made |= _linear(weights, f"encoder/{name}", f"model.encoder.{name}")
    return made


def _layers(weights: dict[str, torch.Tensor], side: str) -> int:
    return len(
        {name.split("/")[1] for name in weights if name.startswith(f"{side}/layer_") and "norm" not in name[:20]}
    )


def _layer(weights: dict[str, torch.Tensor], there: str, here: str) -> Iterator[tuple[str, torch.Tensor]]:
    yield from _attention(weights, f"{there}/self_attention", f"{here}.self_attn", ("q_proj", "k_proj", "v_proj"))
    if f"{there}/attention/linear_0/weight" in weights:
        cross = f"{there}/attention"
        yield from _norm(weights, f"{cross}/layer_norm", f"{here}.encoder_attn_layer_norm").items()
        yield from _linear(weights, f"{cross}/linear_0", f"{here}.encoder_attn.q_proj").items()
        yield from _divided(weights, f"{cross}/linear_1", f"{here}.encoder_attn", ("k_proj", "v_proj"))
        yield from _linear(weights, f"{cross}/linear_2", f"{here}.encoder_attn.out_proj").items()
    yield from _norm(weights, f"{there}/ffn/layer_norm", f"{here}.final_layer_norm").items()
    yield from _linear(weights, f"{there}/ffn/linear_0", f"{here}.fc1").items()
    yield from _linear(weights, f"{there}/ffn/linear_1", f"{here}.fc2").items()


def _attention(
    weights: dict[str, torch.Tensor], there: str, here: str, parts: tuple[str, ...]
) -> Iterator[tuple[str, torch.Tensor]]:
    yield from _norm(weights, f"{there}/layer_norm", f"{here}_layer_norm").items()
    yield from _divided(weights, f"{there}/linear_0", here, parts)
    yield from _linear(weights, f"{there}/linear_1", f"{here}.out_proj").items()


def _divided(
    weights: dict[str, torch.Tensor], there: str, here: str, parts: tuple[str, ...]
) -> Iterator[tuple[str, torch.Tensor]]:
    """One matrix as several; keys have no bias in transformers."""
    matrices, biases = weights[f"{there}/weight"].chunk(len(parts)), weights[f"{there}/bias"].chunk(len(parts))
    for part, matrix, bias in zip(parts, matrices, biases, strict=True):
        yield f"{here}.{part}.weight", matrix.clone()
        if part != "k_proj":
            yield f"{here}.{part}.bias", bias.clone()


def _linear(weights: dict[str, torch.Tensor], there: str, here: str) -> dict[str, torch.Tensor]:
    return {f"{here}.weight": weights[f"{there}/weight"], f"{here}.bias": weights[f"{there}/bias"]}


def _norm(weights: dict[str, torch.Tensor], there: str, here: str) -> dict[str, torch.Tensor]:
    return {f"{here}.weight": weights[f"{there}/gamma"], f"{here}.bias": weights[f"{there}/beta"]}


def convert(source: Path, target: Path) -> None:
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    state = renamed(read_weights((source / "model.bin").read_bytes()))
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    said = json.loads((source / "config.json").read_text(encoding="utf-8"))
    ids = {item["content"]: item["id"] for item in tokenizer["added_tokens"]}
    ids |= {word: number for word, number in tokenizer["model"]["vocab"].items() if word.startswith("<|")}
    words, width = state["proj_out.weight"].shape
    end, start = ids[_END], ids["<|startoftranscript|>"]
    ends = {"eos_token_id": end, "bos_token_id": end, "pad_token_id": end, "decoder_start_token_id": start}
    config = WhisperConfig(
        vocab_size=words,
        d_model=width,
        encoder_layers=_count(state, "encoder"),
        decoder_layers=_count(state, "decoder"),
        encoder_attention_heads=width // _HEAD,
        decoder_attention_heads=width // _HEAD,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        num_mel_bins=state["model.encoder.conv1.weight"].shape[1],
        suppress_tokens=None,
        begin_suppress_tokens=None,
        **ends,
    )
    model = WhisperForConditionalGeneration(config)
    model.load_state_dict(state)
    languages = {}
    if words >= _MULTILINGUAL:
        tasks = {name: ids[f"<|{name}|>"] for name in ("transcribe", "translate")}
        between = {word: number for word, number in ids.items() if start < number < tasks["translate"]}
        languages = {"task_to_id": tasks, "lang_to_id": between}
    model.generation_config = GenerationConfig(
        max_length=448,
        is_multilingual=bool(languages),
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        max_initial_timestamp_index=50,
        return_timestamps=False,
        alignment_heads=said["alignment_heads"],  # without these no word has a time
        suppress_tokens=[number for number in said.get("suppress_ids", ()) if number >= 0],
        begin_suppress_tokens=said.get("suppress_ids_begin", [220, end]),
        **languages,
        **ends,
    )
    model.save_pretrained(target)
    shutil.copy(source / "tokenizer.json", target)
    special = dict.fromkeys(("unk_token", "bos_token", "eos_token", "pad_token"), _END)
    about = {"tokenizer_class": "WhisperTokenizer", "model_max_length": 1024, "errors": "replace", **special}
    (target / "tokenizer_config.json").write_text(json.dumps(about))
    extractor = WhisperFeatureExtractor(feature_size=config.num_mel_bins)
    WhisperProcessor(extractor, WhisperTokenizer.from_pretrained(target)).save_pretrained(target)


def _count(state: dict[str, torch.Tensor], side: str) -> int:
    return len({name.split(".")[3] for name in state if name.startswith(f"model.{side}.layers.")})
