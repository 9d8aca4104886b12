"""Describe an adapter from its listing, its settings and the header of its matrices, which any hub can serve."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.files import Listing
from modelscan.model import Adapter, Source
from modelscan.parsing.text import clean
from modelscan.weights.reading.adapters import Matrices, beyond_lora, gguf_matrices, peft_matrices
from modelscan.weights.reading.gguf import GgufHeader, read_header
from modelscan.weights.reading.safetensors import HEADER_GUESS, header_end, sum_tensors
from modelscan.weights.reading.selection import ADAPTER, ADAPTER_SETTINGS, needed_files

_LARGEST_SETTINGS = 1024**2
_LONGEST_BASE = 200


def describe_adapter(
    name: str, source: Source, repo_id: str, listing: Listing, read: Callable[[str, int, int], bytes]
) -> Adapter:
    """Raises ModelNotFound for what is no adapter that a backend loads, ModelscanError for a damaged file."""
    sizes = {file.path: file.size_bytes for file in listing.files}
    files = [file for file in needed_files(sizes, form=ADAPTER) if file != ADAPTER_SETTINGS]
    if not files:
        raise _no_adapter(repo_id, sizes, "it has neither `adapter_model.safetensors` nor a GGUF file")
    (file,) = files
    beyond: tuple[str, ...] = ()
    try:
        if file.endswith(".gguf"):
            header = read_header(lambda start, end: read(file, start, end), sizes[file])
            base, matrices = _gguf_base(header), gguf_matrices(header)
            if header.metadata.get("general.type") != "adapter":
                raise _no_adapter(repo_id, sizes, f"`{file}` is a model")
        else:
            settings = _settings(sizes, read)
            kind = str(settings.get("peft_type", "LORA"))
            if kind.upper() != "LORA":
                raise _no_adapter(repo_id, sizes, f"it is of the kind {clean(kind)[:40]}, and backends load LoRA only")
            base, matrices = settings.get("base_model_name_or_path"), _peft(file, sizes, read)
            beyond = beyond_lora(settings)
    except ValueError as error:
        raise ModelscanError(
            f"the adapter `{repo_id}` is damaged",
            cause=[f"`{file}`: {error}"],
            hints=["download it again, or name another"],
            details={"repo_id": repo_id, "file": file},
        ) from error
    return Adapter(
        name=name,
        source=source,
        repo_id=repo_id,
        revision=listing.commit or None,
        format="gguf" if file.endswith(".gguf") else "peft",
        file=file,
        size_bytes=sizes[file],
        base=clean(base)[:_LONGEST_BASE] if isinstance(base, str) and base else None,
        rank=matrices.rank,
        parameters=matrices.parameters,
        layers=matrices.layers,
        width=matrices.width,
        inner_width=matrices.inner_width,
        modules=matrices.modules,
        beyond=beyond,
    )


def _settings(sizes: Mapping[str, int], read: Callable[[str, int, int], bytes]) -> Mapping[str, Any]:
    if not 0 < sizes[ADAPTER_SETTINGS] <= _LARGEST_SETTINGS:
        raise ValueError(f"{ADAPTER_SETTINGS} has {sizes[ADAPTER_SETTINGS]} bytes")
    document = json.loads(read(ADAPTER_SETTINGS, 0, sizes[ADAPTER_SETTINGS]))
    if not isinstance(document, dict):
        raise ValueError(f"{ADAPTER_SETTINGS} is not a JSON object")  # noqa: TRY004  one kind of failure
    return document


def _peft(file: str, sizes: Mapping[str, int], read: Callable[[str, int, int], bytes]) -> Matrices:
    size = sizes[file]
    content = read(file, 0, min(size, HEADER_GUESS))
    end = header_end(content, size)
    if end > len(content):
        content += read(file, len(content), end)
    header = json.loads(content[8:end])
    sum_tensors(header, size - end)
    return peft_matrices(header)


def _gguf_base(header: GgufHeader) -> Any:
    """As the converter writes it: the repo's owner and name, where both are known."""
    owner, name = (header.metadata.get(f"general.base_model.0.{key}") for key in ("organization", "name"))
    address = header.metadata.get("general.base_model.0.repo_url")
    if isinstance(address, str) and "/" in address:
        return "/".join(address.rstrip("/").split("/")[-2:])
    return f"{owner}/{name}".replace(" ", "-") if owner and name else None


def _no_adapter(repo_id: str, sizes: Mapping[str, int], cause: str) -> ModelNotFound:
    pickled = "adapter_model.bin" in sizes
    return ModelNotFound(
        f"`{repo_id}` is not an adapter that can be served",
        cause=["its matrices are pickled, which can run code when loaded" if pickled else cause],
        hints=[
            "save it again with PEFT: model.save_pretrained(FOLDER), which writes safetensors"
            if pickled
            else f"see its files: modelscan plan {shlex.quote(repo_id)}"
        ],
        details={"repo_id": repo_id, "files": sorted(sizes)[:50]},
    )
