"""A repo of which only the small files are fetched: its config, and the headers of its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.hf_cache import hub_cache
from modelscan.hubs.hf_client import endpoint_of, make_api, token_of, translated
from modelscan.hubs.hf_progress import silent_bar_class
from modelscan.hubs.local import format_of, loaded_safetensors, read_json, with_modelopt
from modelscan.hubs.quantization import read_quantization
from modelscan.hubs.safetensors import TensorSums, bits_of, sum_tensors
from modelscan.hubs.shape import quantization_of, read_architecture
from modelscan.hubs.tasks import CHAT_TEMPLATES, task_of
from modelscan.model import WeightsDescription

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_AT_ONCE = 8
# The hub's own count of parameters is taken when it accounts for the files up to headers and padding.
_HEADER_SHARE = 0.02
_TOKENIZER_LIMIT = 32 * 1024**2


def describe_remote(
    repo_id: str, revision: str | None, info: ModelInfo, *, environ: Mapping[str, str]
) -> WeightsDescription:
    """What the hub tells of a repo. Raises as `hubs.huggingface.describe` does."""
    return _Remote(repo_id, revision, info, environ).describe()


def fetch_file(repo_id: str, name: str, commit: str, *, environ: Mapping[str, str]) -> Path:
    """One small file of a repo, through the library's cache. Raises the library's exceptions."""
    from huggingface_hub import hf_hub_download

    return Path(
        hf_hub_download(
            repo_id,
            name,
            revision=commit,
            cache_dir=hub_cache(environ),
            endpoint=endpoint_of(environ),
            token=token_of(environ),
            tqdm_class=silent_bar_class(),
        )
    )


class _Remote:
    def __init__(self, repo_id: str, revision: str | None, info: ModelInfo, environ: Mapping[str, str]) -> None:
        self.repo_id, self.revision, self.info, self.environ = repo_id, revision, info, environ
        self.commit = str(info.sha)
        self.sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}

    def describe(self) -> WeightsDescription:
        if "config.json" not in self.sizes:
            raise ModelNotFound(
                f"`{self.repo_id}` has no `config.json`, so it holds no model that a backend could load",
                hints=["use the repo that these files were made from"] if self._has(".gguf") else [],
                details={"repo_id": self.repo_id},
            )
        config = self._json("config.json")
        if not read_quantization(config).method and "hf_quant_config.json" in self.sizes:
            config = with_modelopt(config, self._json("hf_quant_config.json"))
        shards = loaded_safetensors(self.sizes)
        sums = self._from_hub(shards) or self._from_headers(shards)
        template = self._has_template()
        weights = shards or [name for name in self.sizes if name.endswith((".bin", ".pth", ".gguf"))]
        return WeightsDescription(
            source="huggingface",
            repo_id=self.repo_id,
            location=self.repo_id,
            revision=self.revision,
            commit=self.commit,
            architecture=read_architecture(config),
            quantization=quantization_of(config, sums.parameters_by_dtype),
            format=format_of(config, weights),
            size_bytes=sum(self.sizes[name] for name in weights) or None,
            bytes_by_dtype=sums.bytes_by_dtype,
            parameters_by_dtype=sums.parameters_by_dtype,
            code_files=tuple(sorted(name for name in self.sizes if name.endswith(".py"))),
            has_chat_template=template,
            task=task_of(config, list(self.sizes), has_chat_template=template),
        )

    def _has(self, ending: str) -> bool:
        return any(name.endswith(ending) for name in self.sizes)

    def _json(self, name: str) -> dict[str, Any]:
        with translated(self.repo_id, self.revision, self.environ):
            path = fetch_file(self.repo_id, name, self.commit, environ=self.environ)
        return read_json(path)

    def _has_template(self) -> bool:
        if any(name in self.sizes for name in CHAT_TEMPLATES):
            return True
        if self.sizes.get("tokenizer_config.json", _TOKENIZER_LIMIT) >= _TOKENIZER_LIMIT:
            return False
        return bool(self._json("tokenizer_config.json").get("chat_template"))

    def _from_hub(self, shards: Sequence[str]) -> TensorSums | None:
        """The hub's own sums, when they account for the files: it counts the main branch only."""
        counts = getattr(self.info.safetensors, "parameters", None)
        if not isinstance(counts, Mapping) or not all(bits_of(dtype) for dtype in counts):
            return None
        sizes = {dtype: (count * (bits_of(dtype) or 0) + 7) // 8 for dtype, count in counts.items()}
        files, total = sum(self.sizes[name] for name in shards), sum(sizes.values())
        if not total or not 0 <= files - total <= files * _HEADER_SHARE:
            return None
        return TensorSums(bytes_by_dtype=sizes, parameters_by_dtype=dict(counts))

    def _from_headers(self, shards: Sequence[str]) -> TensorSums:
        from huggingface_hub.errors import SafetensorsParsingError

        api = make_api(self.environ)

        def read(name: str) -> TensorSums:
            metadata = api.parse_safetensors_file_metadata(self.repo_id, name, revision=self.commit)
            header = {
                key: {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": list(tensor.data_offsets)}
                for key, tensor in metadata.tensors.items()
            }
            return sum_tensors(header, self.sizes[name])

        sums = TensorSums()
        try:
            with translated(self.repo_id, self.revision, self.environ), ThreadPoolExecutor(_AT_ONCE) as pool:
                for one in pool.map(read, shards):
                    sums += one
        except (SafetensorsParsingError, ValueError) as error:
            raise ModelscanError(
                f"the weights of `{self.repo_id}` are damaged on the hub", cause=[str(error)]
            ) from error
        return sums
