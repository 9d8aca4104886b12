"""Embeddings by sentence-transformers: as the repo's `modules.json` says, or with a pooling over its hidden states."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

from modelscan_serving.handlers.ours.torch_setup import dtype_of
from modelscan_serving.handlers.protocols import BadInput, Cancelled

_BATCH = 32
_POOLINGS = {"mean": "mean", "cls": "cls", "last_token": "lasttoken"}


class SentenceEmbedding:
    """Padding never counts, on whichever side the tokenizer puts it. Without `modules.json` and without a pooling, a
    decoder's last token is taken, of an encoder the mean.
    """

    capabilities = ("text-embedding",)

    def __init__(
        self,
        hf_repo_id: str,
        *,
        device: str = "cpu",
        dtype: str = "auto",
        pooling: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        kind = {"dtype": dtype_of(dtype, device)}
        if pooling is None and (Path(hf_repo_id) / "modules.json").exists():
            self._model = SentenceTransformer(
                hf_repo_id, device=device, local_files_only=True, trust_remote_code=trust_remote_code, model_kwargs=kind
            )
        else:
            self._model = _pooled(hf_repo_id, device, pooling, {**kind, "trust_remote_code": trust_remote_code})
        self._model.eval()
        self.dim: int = int(self._model.get_embedding_dimension() or 0)

    def embed(
        self, texts: list[str], *, prompt_name: str | None = None, cancel_event: threading.Event | None = None
    ) -> Any:
        """In batches, each of texts of about the same length. Raises BadInput for a prompt that the repo has not."""
        prompts = self._model.prompts or {}
        if prompt_name is not None and prompt_name not in prompts:
            raise BadInput(f"The model has no prompt for `{prompt_name}`.", "input_type")
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        made: dict[int, Any] = {}
        for batch in _batches(order):
            if cancel_event is not None and cancel_event.is_set():
                raise Cancelled
            vectors = self._model.encode(
                [texts[index] for index in batch],
                prompt_name=prompt_name,
                batch_size=_BATCH,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            made.update(zip(batch, vectors, strict=True))
        return [made[index] for index in range(len(texts))]

    def count_tokens(self, texts: list[str]) -> int:
        """As many as the model reads: what is longer than its context is cut."""
        found = self._model.tokenizer(texts, truncation=True, max_length=self._model.max_seq_length)
        return sum(len(ids) for ids in found["input_ids"])

    def decode(self, tokens: list[int]) -> str:
        return str(self._model.tokenizer.decode(tokens, skip_special_tokens=True))


def _pooled(folder: str, device: str, pooling: str | None, options: dict[str, Any]) -> SentenceTransformer:
    architectures = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8")).get("architectures") or [""]
    usual = "last_token" if str(architectures[0]).endswith("ForCausalLM") else "mean"
    transformer = Transformer(folder, model_kwargs={**options, "local_files_only": True})
    pool = Pooling(transformer.get_embedding_dimension(), pooling_mode=_POOLINGS[pooling or usual])
    return SentenceTransformer(modules=[transformer, pool, Normalize()], device=device)


def _batches(order: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]
