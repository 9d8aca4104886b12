"""Rerankers: cross-encoders, and language models that say whether a document answers a query."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import CrossEncoder
from transformers import AutoModelForCausalLM, AutoTokenizer

from modelscan_serving.handlers.ours.torch_setup import dtype_of
from modelscan_serving.handlers.protocols import Cancelled, RerankResult

_BATCH = 16
# The form that Qwen3-Reranker was trained on, by its model card: the answer to it is `yes` or `no`.
_BEFORE = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
_AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
_TASK = "Given a web search query, retrieve relevant passages that answer the query"
_USUAL_LENGTH = 8192


def rerank_model(
    hf_repo_id: str,
    *,
    device: str = "cpu",
    dtype: str = "auto",
    trust_remote_code: bool = False,
    instruction: str | None = None,
) -> BatchedReranker:
    """A decoder is asked for yes or no, anything else is a cross-encoder."""
    config = json.loads((Path(hf_repo_id) / "config.json").read_text(encoding="utf-8"))
    architecture = str((config.get("architectures") or [""])[0])
    options = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    if architecture.endswith("ForCausalLM") and not (Path(hf_repo_id) / "modules.json").exists():
        return YesOrNo(hf_repo_id, device, dtype_of(dtype, device), options, instruction or _TASK)
    return Crossing(hf_repo_id, device, dtype_of(dtype, device), options)


class BatchedReranker:
    """What both share: batches, between which a call can be ended."""

    capabilities = ("rerank",)
    tokenizer: Any

    def scores(self, query: str, documents: Sequence[str]) -> Sequence[float]:
        raise NotImplementedError

    def rerank(
        self,
        query: str,
        documents: list[str],
        *,
        top_k: int | None = None,
        cancel_event: threading.Event | None = None,
    ) -> list[RerankResult]:
        """Raises Cancelled."""
        found: list[float] = []
        for start in range(0, len(documents), _BATCH):
            if cancel_event is not None and cancel_event.is_set():
                raise Cancelled
            found += self.scores(query, documents[start : start + _BATCH])
        results = [RerankResult(index, score, documents[index]) for index, score in enumerate(found)]
        return sorted(results, key=lambda item: -item.score)[:top_k]

    def count_tokens(self, texts: list[str]) -> int:
        return sum(len(ids) for ids in self.tokenizer(texts, add_special_tokens=False)["input_ids"])


class Crossing(BatchedReranker):
    """Scores as the repo's configuration makes them: between 0 and 1 where it does not say otherwise."""

    def __init__(self, folder: str, device: str, dtype: Any, options: dict[str, Any]) -> None:
        self._model = CrossEncoder(folder, device=device, model_kwargs={"dtype": dtype}, **options)
        self.tokenizer = self._model.tokenizer

    def scores(self, query: str, documents: Sequence[str]) -> Sequence[float]:
        pairs = [(query, document) for document in documents]
        made = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False, convert_to_tensor=True)
        return [float(value) for value in made]


class YesOrNo(BatchedReranker):
    """The share that `yes` has of yes and no."""

    def __init__(self, folder: str, device: str, dtype: Any, options: dict[str, Any], instruction: str) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left", **options)
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, **options).to(device).eval()
        self._instruction, self._device = instruction, device
        self._words = [self.tokenizer.convert_tokens_to_ids(word) for word in ("no", "yes")]
        if None in self._words or self.tokenizer.unk_token_id in self._words:
            raise ValueError("its tokenizer has no tokens for `yes` and `no`: it is no reranker of that kind")
        self._before, self._after = (self._ids(text) for text in (_BEFORE, _AFTER))
        limit = getattr(self._model.config, "max_position_embeddings", _USUAL_LENGTH)
        self._room = min(limit, _USUAL_LENGTH) - len(self._before) - len(self._after)

    def scores(self, query: str, documents: Sequence[str]) -> Sequence[float]:
        asked = [f"<Instruct>: {self._instruction}\n<Query>: {query}\n<Document>: {text}" for text in documents]
        ids = [[*self._before, *self._ids(text)[: self._room], *self._after] for text in asked]
        inputs = self.tokenizer.pad({"input_ids": ids}, padding=True, return_tensors="pt").to(self._device)
        with torch.inference_mode():
            logits = self._model(**inputs, logits_to_keep=1).logits[:, -1, self._words]
        return [float(value) for value in torch.softmax(logits.float(), dim=-1)[:, 1]]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
