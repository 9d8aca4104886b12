"""Describe the weights in a folder from its `config.json`, file names and safetensors headers."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.families import shipped_families
from modelscan.hubs.folder.headers import read_header
from modelscan.model import WeightsDescription
from modelscan.weights.reading.listing import (
    INDEX,
    SENTENCES,
    all_parts,
    code_repos,
    format_of,
    index_shards,
    loaded_safetensors,
    with_limits,
    with_modelopt,
)
from modelscan.weights.reading.quantization import quantization_of, read_quantization
from modelscan.weights.reading.safetensors import TensorSums
from modelscan.weights.reading.selection import is_code, needed_files, only_pickles, weight_names
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.tasks import CHAT_TEMPLATES, task_of


def describe_folder(path: Path) -> WeightsDescription:
    """The weights in a folder, from its headers only.

    Raises ModelNotFound where there is no folder or no `config.json` in it, ModelscanError where a file is damaged,
    or a shard that the index names is missing.
    """
    folder = path.expanduser()
    if not folder.is_dir():
        raise ModelNotFound(
            f"the folder `{path}` does not exist",
            hints=[f"ls '{path.parent}'", f"modelscan catalog search '{path.name}'"],
            details={"path": str(path)},
        )
    if not (folder / "config.json").is_file():
        raise ModelNotFound(
            f"the folder `{path}` has no `config.json`, so no backend can load it",
            hints=[_what_is_there(folder)],
            details={"path": str(path)},
        )
    config = read_json(folder / "config.json")
    if not read_quantization(config).method and (folder / "hf_quant_config.json").is_file():
        config = with_modelopt(config, read_json(folder / "hf_quant_config.json"))
    if (folder / SENTENCES).is_file():
        config = with_limits(config, read_json(folder / SENTENCES))
    files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    sums = TensorSums()
    shards = weight_files(folder, files)
    for shard in shards:
        sums += read_header(shard)
    template = any(name in files for name in CHAT_TEMPLATES) or _template_in_tokenizer(folder)
    weights = shards or [folder / name for name in weight_names(needed_files(files)) or weight_names(files)]
    return WeightsDescription(
        source="local_path",
        repo_id=str(folder),
        location=str(folder),
        architecture=read_architecture(config, shipped_families()),
        quantization=quantization_of(config, sums.parameters_by_dtype),
        format=format_of(config, [shard.name for shard in weights]),
        size_bytes=sum(file.stat().st_size for file in weights) if weights else None,
        bytes_by_dtype=sums.bytes_by_dtype,
        parameters_by_dtype=sums.parameters_by_dtype,
        code_files=tuple(name for name in files if is_code(name)),
        code_repos=code_repos(config),
        only_pickles=only_pickles(files),
        has_chat_template=template,
        task=task_of(config, files, shipped_families(), has_chat_template=template),
    )


def weight_files(folder: Path, files: Collection[str]) -> list[Path]:
    """The safetensors files that a backend loads: those of the index, else those at the top.

    Mistral's own `consolidated` copies count only where there is nothing else. Raises ModelscanError for a missing
    shard, which also the number in another's name tells.
    """
    indexed = (folder / INDEX).is_file()
    shards = index_shards(read_json(folder / INDEX)) if indexed else all_parts(loaded_safetensors(files))
    missing = [name for name in shards if not (folder / name).is_file()]
    if missing:
        namer = "the index names" if indexed else "the numbers in the file names imply"
        raise ModelscanError(
            f"`{folder / missing[0]}` is missing",
            cause=[f"{len(missing)} of the {len(shards)} files that {namer} are missing"],
            hints=["finish downloading these weights, or name another folder"],
            details={"missing": missing},
        )
    return [folder / name for name in shards]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises ModelscanError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(document, dict):
        raise _damaged(path, "it does not hold a JSON object")
    return document


def _damaged(path: Path, cause: str) -> ModelscanError:
    return ModelscanError(
        f"`{path}` is damaged", cause=[cause], hints=["download it again"], details={"path": str(path)}
    )


def _template_in_tokenizer(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return path.is_file() and bool(read_json(path).get("chat_template"))


def _what_is_there(folder: Path) -> str:
    if any(folder.glob("*.gguf")):
        return "GGUF files alone are not enough: use the Hugging Face folder of the same model"
    below = sorted(child.parent for child in folder.glob("*/config.json"))
    return f"did you mean `{below[0]}`?" if below else "name the folder that holds the downloaded model"
