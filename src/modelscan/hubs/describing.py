"""Describe a repo from its listing, its small files and the headers of its weights, which any hub can serve."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.config import bounded_config
from modelscan.hubs.ctranslate2.describe import DamagedCt2, describe_ctranslate2
from modelscan.hubs.families import shipped_families
from modelscan.hubs.files import Listing
from modelscan.hubs.gguf.describe import DamagedGguf, describe_gguf
from modelscan.hubs.loadable import Contents, require_loadable_config, require_loadable_files
from modelscan.hubs.params_json import INDEX as CONSOLIDATED_INDEX
from modelscan.hubs.params_json import PARAMS, config_of
from modelscan.model import HUB_SOURCES, Source, WeightsDescription
from modelscan.system.threads import each
from modelscan.weights.reading.ctranslate2 import NAME as CT2_NAME
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
from modelscan.weights.reading.safetensors import HEADER_GUESS, TensorSums, bits_of, header_end, parse_header
from modelscan.weights.reading.selection import (
    PIPELINE,
    is_code,
    needed_files,
    only_ctranslate2,
    only_gguf,
    only_pickles,
    weight_names,
)
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.tasks import CHAT_TEMPLATES, task_of, template_words

# (path, first byte, byte after the last): the bytes of a file at the listing's commit.
ReadRange = Callable[[str, int, int], bytes]
_AT_ONCE = 8
# The hub's own count of parameters is taken when it accounts for the files up to headers and padding.
_HEADER_SHARE = 0.02
_LARGEST_JSON = 32 * 1024**2
_LARGEST_TEMPLATE = 1024**2


def describe_listing(
    source: Source, repo_id: str, listing: Listing, read: ReadRange, form: str | None = None
) -> WeightsDescription:
    """The weights; `form` is which of several quantizations of GGUF. Raises ModelNotFound if no backend can load them,
    ModelscanError if a file is damaged.
    """
    return _Repo(source, repo_id, listing, read, form).describe()


class _Repo:
    def __init__(
        self, source: Source, repo_id: str, listing: Listing, read: ReadRange, form: str | None = None
    ) -> None:
        self.form = form
        self.source, self.repo_id, self.listing, self.read = source, repo_id, listing, read
        self.files = {file.path: file for file in listing.files}
        self.sizes = {file.path: file.size_bytes for file in listing.files}
        self.is_folder = source == "local_path"
        self.contents = Contents(
            repo_id=repo_id,
            shown=f"the folder `{repo_id}`" if self.is_folder else f"`{repo_id}`",
            sizes=self.sizes,
            is_folder=self.is_folder,
            read=lambda name: read(name, 0, self.sizes[name]),
            json=self._json,
        )

    @property
    def is_pipeline(self) -> bool:
        return PIPELINE in self.sizes and "config.json" not in self.sizes

    def describe(self) -> WeightsDescription:
        if only_gguf(self.sizes):  # a `config.json` beside them is of the model that they were made from
            require_loadable_files(self.contents)
            return self._gguf()
        if only_ctranslate2(self.sizes):
            require_loadable_files(self.contents)
            return self._ctranslate2()
        config = self._config()
        needed = needed_files(self.sizes)
        shards = self._shards()
        sums = self._from_hub(shards) or self._from_headers(shards)
        template = self._template()
        weights = shards or weight_names(needed) or weight_names(self.sizes)
        code = sorted(name for name in self.sizes if is_code(name))
        # Of a pipeline each part has its own, and none of them is that of a model of text.
        shape = None if self.is_pipeline else read_architecture(config, shipped_families())
        return WeightsDescription(
            source=self.source,
            repo_id=self.repo_id,
            location=self.repo_id,
            revision=self.listing.revision,
            commit=self.listing.commit or None,
            architecture=shape,
            quantization=quantization_of(config, sums.parameters_by_dtype, shape),
            format=format_of(config, weights),
            size_bytes=sum(self.sizes[name] for name in weights) or None,
            bytes_by_dtype=sums.bytes_by_dtype,
            parameters_by_dtype=sums.parameters_by_dtype,
            code_files=tuple(code),
            code_repos=code_repos(config),
            code_hashes={name: digest for name in code if (digest := self.files[name].digest)},
            only_pickles=only_pickles(self.sizes),
            license=self.listing.license,
            gated=self.listing.gated,
            has_chat_template=bool(template),
            template_words=template_words(template) if isinstance(template, str) else None,
            task=task_of(config, list(self.sizes), shipped_families(), has_chat_template=bool(template)),
        )

    def _gguf(self) -> WeightsDescription:
        try:
            return describe_gguf(self.source, self.repo_id, self.listing, self.read, self.form)
        except DamagedGguf as error:
            raise self._damaged(error.name, f"`{error.name}`: {error}", error.missing) from error

    def _ctranslate2(self) -> WeightsDescription:
        try:
            return describe_ctranslate2(self.source, self.repo_id, self.listing, self.read, self.contents)
        except DamagedCt2 as error:
            raise self._damaged(CT2_NAME, f"`{CT2_NAME}`: {error}") from error

    def _config(self) -> dict[str, Any]:
        """`config.json`, or what Mistral's own `params.json` says in its place."""
        require_loadable_files(self.contents)
        if self.is_pipeline:
            return bounded_config(self._json(PIPELINE))  # a part each has its own
        config = self._config_file()
        if not read_quantization(config).method and "hf_quant_config.json" in self.sizes:
            config = with_modelopt(config, self._json("hf_quant_config.json"))
        require_loadable_config(self.contents, config)
        config = bounded_config(config)
        return with_limits(config, self._json(SENTENCES)) if SENTENCES in self.sizes else config

    def _config_file(self) -> dict[str, Any]:
        if "config.json" in self.sizes:
            return self._json("config.json")
        if PARAMS in self.sizes and any(name.startswith("consolidated") for name in self.sizes):
            return config_of(self._json(PARAMS))
        raise ModelNotFound(
            f"{self.contents.shown} has no `config.json`, so no backend can load it",
            hints=[] if self.is_folder else self._upload_again() or [self._look_elsewhere()],
            details={"repo_id": self.repo_id, "files": sorted(self.sizes)[:50]},
        )

    def _json(self, name: str) -> dict[str, Any]:
        if self.sizes[name] > _LARGEST_JSON:
            raise self._damaged(name, f"`{name}` has {self.sizes[name]} bytes, which is too large")
        try:
            document = json.loads(self.read(name, 0, self.sizes[name]))
        except (ValueError, RecursionError) as error:
            raise self._damaged(name, f"`{name}`: {error}") from error
        if not isinstance(document, dict):
            raise self._damaged(name, f"`{name}` does not hold a JSON object")
        return document

    def _template(self) -> str | bool:
        """The text of the chat template; whether there is one where it is in another file than those read anyway."""
        if (jinja := CHAT_TEMPLATES[0]) in self.sizes and self.sizes[jinja] < _LARGEST_TEMPLATE:
            return self.read(jinja, 0, self.sizes[jinja]).decode("utf-8", "replace")
        if any(name in self.sizes for name in CHAT_TEMPLATES):
            return True
        if self.sizes.get("tokenizer_config.json", _LARGEST_JSON) >= _LARGEST_JSON:
            return False
        found = self._json("tokenizer_config.json").get("chat_template")
        return found if isinstance(found, str) else bool(found)

    def _shards(self) -> list[str]:
        """The safetensors files that a backend loads: those of the index, else those at the top."""
        if self.is_pipeline:
            return [name for name in weight_names(needed_files(self.sizes)) if name.endswith(".safetensors")]
        top = loaded_safetensors(self.sizes)
        index = CONSOLIDATED_INDEX if top and all(name.startswith("consolidated") for name in top) else INDEX
        indexed = index in self.sizes
        shards = index_shards(self._json(index)) if indexed else all_parts(top)
        missing = [name for name in shards if name not in self.sizes]
        if missing:
            namer = "its index names" if indexed else "the numbers in its file names imply"
            raise self._damaged(missing[0], f"{namer} `{missing[0]}`, which is missing", missing)
        return shards

    def _from_hub(self, shards: Sequence[str]) -> TensorSums | None:
        """The hub's own sums, when they account for the files: it counts the main branch only."""
        counts = self.listing.parameters_by_dtype
        if not all(bits_of(dtype) for dtype in counts):
            return None
        sizes = {dtype: (count * (bits_of(dtype) or 0) + 7) // 8 for dtype, count in counts.items()}
        files, total = sum(self.sizes[name] for name in shards), sum(sizes.values())
        if not total or not 0 <= files - total <= files * _HEADER_SHARE:
            return None
        return TensorSums(bytes_by_dtype=sizes, parameters_by_dtype=dict(counts))

    def _from_headers(self, shards: Sequence[str]) -> TensorSums:
        sums = TensorSums()
        try:
            for one in each(self._header, shards, at_once=_AT_ONCE):
                sums += one
        except _BadHeader as error:
            raise self._damaged(error.name, str(error)) from error
        return sums

    def _header(self, name: str) -> TensorSums:
        size = self.sizes[name]
        try:
            content = self.read(name, 0, min(size, HEADER_GUESS))
            end = header_end(content, size)
            if end > len(content):
                content += self.read(name, len(content), end)
            return parse_header(content[:end], size)
        except ValueError as error:
            raise _BadHeader(name, str(error)) from error

    def _upload_again(self) -> list[str]:
        """Our own uploads bring `config.json` last."""
        again = f"resume an interrupted upload with: modelscan pull ID --to {self.repo_id}"
        return [again] if self.source == "s3" else []

    def _look_elsewhere(self) -> str:
        return f"search for another repo: modelscan catalog search {shlex.quote(self.repo_id.rpartition('/')[2])}"

    def _damaged(self, name: str, cause: str, missing: Sequence[str] = ()) -> ModelscanError:
        if self.is_folder:
            # A GGUF file is described as the folder it lies in is.
            path = str((Path(self.repo_id).parent if self.repo_id.endswith(".gguf") else Path(self.repo_id)) / name)
            return ModelscanError(
                f"`{path}` is {'missing' if missing else 'damaged'}",
                cause=[cause],
                hints=["finish downloading these weights, or name another folder" if missing else "download it again"],
                details={"path": path, "missing": list(missing)},
            )
        place = " on the hub" if self.source in HUB_SOURCES else ""
        return ModelscanError(
            f"the weights of `{self.repo_id}` are damaged{place}",
            cause=[cause],
            hints=self._upload_again() or [self._look_elsewhere()],
            details={"repo_id": self.repo_id, "commit": self.listing.commit},
        )


class _BadHeader(Exception):
    """A header of weights that lies."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.name = name
