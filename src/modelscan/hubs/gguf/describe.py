"""Describe GGUF weights by the headers of their files, which any hub serves in ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelscan.hubs.families import shipped_families
from modelscan.hubs.files import Listing
from modelscan.model import Form, Source, Task, WeightsDescription
from modelscan.storage.shipped import shipped_text
from modelscan.weights.reading.gguf import GgufHeader, read_header
from modelscan.weights.reading.gguf_files import forms_there, missing_parts, projector_of
from modelscan.weights.reading.gguf_shape import parse_architectures, read_gguf_shape, tensor_bytes
from modelscan.weights.reading.tasks import template_words

ARCHITECTURES = "gguf_architectures.csv"
# Of several quantizations the one that is described where nobody says: llama.cpp's own choice, then what is near it.
_USUAL = ("Q4_K_M", "MXFP4", "MXFP4_MOE", "UD-Q4_K_XL", "Q4_K_S", "Q4_0", "IQ4_XS", "Q5_K_M", "Q8_0")
_RANKS = 4  # the pooling type of a reranker (llama.cpp: include/llama.h, LLAMA_POOLING_TYPE_RANK)


class DamagedGguf(Exception):
    """A file whose header lies, or a part that is not there."""

    def __init__(self, name: str, cause: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(cause)
        self.name, self.missing = name, missing


def describe_gguf(
    source: Source,
    repo_id: str,
    listing: Listing,
    read: Callable[[str, int, int], bytes],
    form: str | None = None,
) -> WeightsDescription:
    """One of the quantizations that lie side by side, `form` where it is there. Raises DamagedGguf."""
    sizes = {file.path: file.size_bytes for file in listing.files}
    forms = forms_there(sizes)
    if not forms:
        raise DamagedGguf(next(iter(sorted(sizes)), repo_id), "there is what goes with a model, and no model")
    chosen = next((word for word in (form, *_USUAL) if word in forms), next(iter(forms)))
    files, projector = forms[chosen], projector_of(sizes)
    if missing := missing_parts(files):
        raise DamagedGguf(missing[0], "the numbers in its file names imply a part that is missing", missing)
    parts = [_header(name, sizes[name], read) for name in files]
    tower = _header(projector, sizes[projector], read) if projector is not None else None
    template = parts[0].metadata.get("tokenizer.chat_template")
    words = template if isinstance(template, str) else None
    said = parts[0].metadata.get("general.license")
    return WeightsDescription(
        source=source,
        repo_id=repo_id,
        location=repo_id,
        revision=listing.revision,
        commit=listing.commit or None,
        architecture=read_gguf_shape(parts, shipped_families(), parse_architectures(shipped_text(ARCHITECTURES))),
        quantization=chosen or parts[0].file_type,
        format="gguf",
        size_bytes=sum(sizes[name] for name in files),
        license=listing.license or (said if isinstance(said, str) else None),
        gated=listing.gated,
        has_chat_template="tokenizer.chat_template" in parts[0].metadata,
        template_words=template_words(words) if words is not None else None,
        task=_task(parts[0]),
        tensors=tensor_bytes(parts, tower),
        files=files,
        forms=_forms(forms, sizes, chosen),
    )


def _forms(
    forms: Mapping[str | None, tuple[str, ...]], sizes: Mapping[str, int], chosen: str | None
) -> tuple[Form, ...]:
    """The others, of which only the sizes of their files are known."""
    return tuple(
        Form(word, files, sum(sizes[name] for name in files))
        for word, files in forms.items()
        if word is not None and word != chosen and not missing_parts(files)
    )


def _header(name: str, size: int, read: Callable[[str, int, int], bytes]) -> GgufHeader:
    try:
        return read_header(lambda start, end: read(name, start, end), size)
    except ValueError as error:
        raise DamagedGguf(name, str(error)) from error


def _task(header: GgufHeader) -> Task:
    pooling = header.metadata.get(f"{header.architecture}.pooling_type")
    if pooling == _RANKS:
        return "rerank"
    if pooling or header.metadata.get(f"{header.architecture}.attention.causal") is False:
        return "embed"
    return "chat" if "tokenizer.chat_template" in header.metadata else "completion"
