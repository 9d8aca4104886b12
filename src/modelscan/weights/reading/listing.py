"""What a repo's file list says about its weights. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from modelscan.errors import ModelscanError
from modelscan.parsing.regex import regex
from modelscan.weights.reading.quantization import read_quantization

INDEX = "model.safetensors.index.json"


SENTENCES = "sentence_bert_config.json"


_SHARD = regex(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.(?P<kind>safetensors|bin)")


def loaded_safetensors(files: Iterable[str]) -> list[str]:
    """The safetensors files that a backend loads from a repo without an index."""
    top = sorted(name for name in files if name.endswith(".safetensors") and "/" not in name)
    main = [name for name in top if not name.startswith(("consolidated", "adapter_"))]
    return main or [name for name in top if name.startswith("consolidated")]


def index_shards(index: Mapping[str, Any]) -> list[str]:
    """The files that an index names, without duplicates. Raises ModelscanError for one outside the repo."""
    names = index.get("weight_map")
    shards = sorted({str(name) for name in names.values()}) if isinstance(names, Mapping) else []
    for name in shards:
        if name.startswith("/") or ".." in name.split("/"):
            raise ModelscanError(f"the index of these weights names `{name}`, which is outside the repo")
    return shards


def all_parts(names: Iterable[str]) -> list[str]:
    """All shards that these names imply: `model-00001-of-00002.safetensors` implies the second one too."""
    return sorted({part for name in names for part in _parts(name)})


def _parts(name: str) -> list[str]:
    match = _SHARD.fullmatch(name)
    if match is None:
        return [name]
    count = int(match["count"])
    return [f"{match['stem']}-{part:05d}-of-{count:05d}.{match['kind']}" for part in range(1, count + 1)]


def format_of(config: Mapping[str, Any], names: Collection[str]) -> str | None:
    """How the weights are stored: the quantization method, else the file type."""
    method = read_quantization(config).method
    if method:
        return method
    if any(name.endswith(".safetensors") for name in names):
        return "safetensors"
    if any(name.endswith(".gguf") for name in names):
        return "gguf"
    return "pytorch" if names else None


def with_modelopt(config: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, Any]:
    """The config with NVIDIA's `hf_quant_config.json` as its `quantization_config`."""
    section = file.get("quantization")
    if not isinstance(section, Mapping):
        return dict(config)
    return {**config, "quantization_config": {"quant_method": "modelopt", **section}}


def with_limits(config: Mapping[str, Any], file: Mapping[str, Any]) -> dict[str, Any]:
    """Limits the config to sentence-transformers' `max_seq_length`, as vLLM does (0.32: config/model.py)."""
    limit = file.get("max_seq_length")
    if type(limit) is not int or limit <= 0:
        return dict(config)
    known = config.get("max_position_embeddings")
    return {**config, "max_position_embeddings": min(limit, known) if type(known) is int and known > 0 else limit}


def code_repos(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Other repos whose code a config would run, as in `owner/name--modeling.Model`."""
    named = config.get("auto_map")
    values = named.values() if isinstance(named, Mapping) else ()
    flat = [word for value in values for word in (value if isinstance(value, list) else [value])]
    return tuple(sorted({word.partition("--")[0] for word in flat if isinstance(word, str) and "--" in word}))
