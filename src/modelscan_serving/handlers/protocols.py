"""What a model's class must be able to do.

Each call may carry a `cancel_event`: it is set when nobody waits for the answer any more. A class may ignore it; ours
look at it at every token, batch or step, and raise `Cancelled`. Attributes that a class may have: `thread_safe` (else
one call at a time), `max_parallelism`, `generation_defaults`, `supports_structured_outputs`, `owned_by`,
`capabilities`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

Capability = Literal["text-embedding", "chat-completion", "vision", "audio-transcription", "rerank", "image-generation"]
Granularity = Literal["segment", "word"]


class Cancelled(Exception):
    """A call ended because its `cancel_event` was set."""


class BadInput(Exception):
    """What the client sent cannot be served, in words for the client; `param` is the field at fault."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass
class ToolCall:
    """`arguments` are JSON."""

    name: str
    arguments: str


@dataclass
class ChatGeneration:
    """`finish_reason` None: `length` where there are as many tokens as there may be."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: Literal["stop", "length"] | None = None


@dataclass
class Segment:
    """`start` and `end` in seconds; `extra` is what else is known of it, by OpenAI's names."""

    start: float
    end: float
    text: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Word:
    word: str
    start: float
    end: float


@dataclass
class SpeechResult:
    """`duration` in seconds. `segments` and `words` may be mappings with the same keys."""

    text: str
    language: str | None = None
    duration: float | None = None
    segments: Sequence[Any] | None = None
    words: Sequence[Any] | None = None


@dataclass
class RerankResult:
    index: int
    score: float
    document: str | None = None


@dataclass
class GeneratedImage:
    """`seed` makes the same image again."""

    data: bytes
    seed: int


@runtime_checkable
class EmbeddingModel(Protocol):
    """`embed` may take `prompt_name`, one of the repo's prompts, and there may be a `decode` for lists of tokens."""

    dim: int

    def embed(self, texts: list[str], *, cancel_event: threading.Event | None = None) -> Any: ...

    def count_tokens(self, texts: list[str]) -> int: ...


@runtime_checkable
class ChatModel(Protocol):
    """`generate_stream`, where there is one, takes the same and yields pieces of text, a ChatGeneration last, with the
    calls of tools. A class that `supports_structured_outputs` takes `response_format`; one that names `tools` among its
    parameters is given these, with `tool_choice` and `parallel_tool_calls`, all as OpenAI has them.
    """

    def generate(
        self,
        messages: list[dict[str, Any]],
        *,
        max_new_tokens: int,
        temperature: float,
        top_p: float,
        stop: list[str],
        cancel_event: threading.Event | None = None,
    ) -> ChatGeneration: ...

    def count_tokens(self, messages: list[dict[str, Any]]) -> int: ...


class StreamingChat(Protocol):
    def generate_stream(self, messages: list[dict[str, Any]], **options: Any) -> Iterator[str | ChatGeneration]: ...


@runtime_checkable
class SpeechModel(Protocol):
    def transcribe(
        self,
        audio_path: str,
        *,
        language: str | None,
        prompt: str | None,
        temperature: float,
        task: Literal["transcribe", "translate"],
        timestamp_granularity: Granularity | None,
        cancel_event: threading.Event | None = None,
    ) -> SpeechResult: ...


@runtime_checkable
class RerankModel(Protocol):
    """Results are in order of their score, the best first, at most `top_k`."""

    def rerank(
        self,
        query: str,
        documents: list[str],
        *,
        top_k: int | None = None,
        cancel_event: threading.Event | None = None,
    ) -> list[RerankResult]: ...


@runtime_checkable
class ImageModel(Protocol):
    """`width` and `height` in pixels; None leaves `steps`, `guidance` and the size to the model."""

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
    ) -> list[GeneratedImage]: ...
