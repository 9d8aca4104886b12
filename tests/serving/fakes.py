# ruff: noqa: ARG002  a handler takes what the protocols say
"""Handlers that answer by arithmetic, and one that takes its time and says when it was at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from modelscan_serving.handlers.protocols import (
    BadInput,
    Cancelled,
    ChatGeneration,
    GeneratedImage,
    RerankResult,
    Segment,
    SpeechResult,
    Word,
)


class Letters:
    """A text's vector: how often it has a, b and c."""

    dim = 3
    thread_safe = True
    owned_by = "a team"

    def embed(
        self, texts: list[str], *, prompt_name: str | None = None, cancel_event: threading.Event | None = None
    ) -> list[list[float]]:
        extra = {"query": "aaa", "document": "bbb", None: ""}[prompt_name]
        return [[float((extra + text).count(letter)) for letter in "abc"] for text in texts]

    def count_tokens(self, texts: list[str]) -> int:
        return sum(len(text.split()) for text in texts)

    def decode(self, tokens: list[int]) -> str:
        return "".join(map(chr, tokens))


class Echo:
    """Says what was said, word by word; keeps what it was called with."""

    capabilities = ("chat-completion", "vision")

    def __init__(self) -> None:
        self.generation_defaults = {"temperature": 0.3, "max_tokens": 7}
        self.calls: list[tuple[Any, dict[str, Any]]] = []

    def generate(
        self,
        messages: list[dict[str, Any]],
        *,
        max_new_tokens: int,
        temperature: float,
        top_p: float,
        stop: list[str],
        cancel_event: threading.Event | None = None,
    ) -> ChatGeneration:
        given = {"max_new_tokens": max_new_tokens, "temperature": temperature, "top_p": top_p, "stop": stop}
        self.calls.append((messages, given))
        if messages[-1]["content"] == "fail":
            raise RuntimeError("a secret path")
        if messages[-1]["content"] == "refuse":
            raise BadInput("That is too long.", "messages")
        words = str(messages[-1]["content"]).split()[:max_new_tokens]
        return ChatGeneration(" ".join(words), self.count_tokens(messages), len(words))

    def count_tokens(self, messages: list[dict[str, Any]]) -> int:
        return sum(len(str(message["content"]).split()) for message in messages)


class Streaming(Echo):
    capabilities = ("chat-completion",)

    def generate_stream(self, messages: list[dict[str, Any]], **options: Any) -> Iterator[str | ChatGeneration]:
        made = self.generate(messages, **options)
        yield from (f"{word} " for word in made.text.split())
        yield made


class Hears:
    """Two segments of a second, whatever it hears."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def transcribe(
        self,
        audio_path: str,
        *,
        language: str | None,
        prompt: str | None,
        temperature: float,
        task: str,
        timestamp_granularity: str | None,
        cancel_event: threading.Event | None = None,
    ) -> SpeechResult:
        given = {"language": language, "prompt": prompt, "task": task, "granularity": timestamp_granularity}
        with open(audio_path, "rb") as file:  # noqa: PTH123  as a team's own class would
            self.calls.append({**given, "size": len(file.read()), "path": audio_path})
        segments = [
            Segment(0, 1.5, " Good morning."),
            Segment(3661.5, 3662.25, " A --> B\n\nC ", {"avg_logprob": -0.5}),
        ]
        words = [Word("Good", 0.0, 0.5), Word("morning.", 0.5, 1.5)]
        return SpeechResult(" Good morning. A B C", "en", 3662.25, segments, words)


class Overlap:
    """The score of a document is how many words of the query it has."""

    def rerank(
        self,
        query: str,
        documents: list[str],
        *,
        top_k: int | None = None,
        cancel_event: threading.Event | None = None,
    ) -> list[RerankResult]:
        scores = [len(set(query.split()) & set(document.split())) for document in documents]
        found = [RerankResult(index, score) for index, score in enumerate(scores)]
        return sorted(found, key=lambda item: -item.score)[:top_k]

    def count_tokens(self, texts: list[str]) -> int:
        return sum(len(text.split()) for text in texts)


class Paints:
    def generate_images(
        self,
        prompt: str,
        *,
        n: int,
        width: int | None,
        height: int | None,
        steps: int | None,
        guidance: float | None,
        negative_prompt: str | None,
        seed: int | None,
        image_format: str,
        cancel_event: threading.Event | None = None,
    ) -> list[GeneratedImage]:
        first = 41 if seed is None else seed
        text = f"{prompt} {width}x{height} {steps} {guidance} {negative_prompt} {image_format}"
        return [GeneratedImage(f"{text} {first + index}".encode(), first + index) for index in range(n)]


class Slow(Streaming):
    """Works until it is cancelled, or for `steps` of 10 ms, which may change; `spans` is when it was at work."""

    def __init__(self, steps: int = 1000) -> None:
        super().__init__()
        self.steps = steps
        self.started = threading.Event()
        self.cancelled_at: float | None = None
        self.spans: list[tuple[float, float]] = []

    def _work(self, cancel_event: threading.Event) -> None:
        begun = time.monotonic()
        self.started.set()
        try:
            while time.monotonic() < begun + self.steps / 100:
                if cancel_event.is_set():
                    self.cancelled_at = time.monotonic()
                    raise Cancelled
                time.sleep(0.01)
        finally:
            self.spans.append((begun, time.monotonic()))

    def generate(self, messages: list[dict[str, Any]], **options: Any) -> ChatGeneration:
        self._work(options["cancel_event"])
        return ChatGeneration("done", 1, 1)

    def generate_stream(self, messages: list[dict[str, Any]], **options: Any) -> Iterator[str | ChatGeneration]:
        yield "begun"
        self._work(options["cancel_event"])
        yield ChatGeneration("done", 1, 1)


class OneAtATime:
    """Embeds and reranks, and is called by one thread at a time; `spans` is when it was at work."""

    dim = 1

    def __init__(self) -> None:
        self.spans: list[tuple[float, float]] = []

    def _work(self) -> None:
        begun = time.monotonic()
        time.sleep(0.01)
        self.spans.append((begun, time.monotonic()))

    def embed(self, texts: list[str], *, cancel_event: threading.Event | None = None) -> list[list[float]]:
        self._work()
        return [[1.0] for _ in texts]

    def rerank(
        self,
        query: str,
        documents: list[str],
        *,
        top_k: int | None = None,
        cancel_event: threading.Event | None = None,
    ) -> list[RerankResult]:
        self._work()
        return [RerankResult(index, 1.0) for index in range(len(documents))]

    def count_tokens(self, texts: list[str]) -> int:
        self._work()
        return len(texts)

    def decode(self, tokens: list[int]) -> str:
        self._work()
        return "text"
