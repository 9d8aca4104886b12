"""Which paths there are, each with and without `/v1`, and where they lead. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelscan.dataclasses import dataclass, field

Kind = Literal["model", "form", "models", "health", "root", "metrics", "passed"]


@dataclass(frozen=True, slots=True)
class Path:
    """`upstream` is the path at a deployment; `operation` is OpenTelemetry's word for what is done.

    `sampling` is how its requests call what a model's entry may have defaults for; of several names the first is the
    one to write, and none of the others may be there.
    """

    kind: Kind
    upstream: bytes = b""
    operation: str = ""
    anthropic: bool = False
    method: bytes = b"POST"
    sampling: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it is answered without a key; what is passed on checks the key itself."""
        return self.kind in {"health", "root", "passed"}


_SAMPLING = {"temperature": ("temperature",), "top_p": ("top_p",)}


def _model(upstream: bytes, operation: str, *most: str, kind: Kind = "model", anthropic: bool = False) -> Path:
    """`most` are the names of the most tokens of an answer, where there is an answer in tokens."""
    return Path(kind, upstream, operation, anthropic, sampling={**_SAMPLING, "max_tokens": most} if most else {})


_PATHS: Mapping[bytes, Path] = {
    b"/chat/completions": _model(b"/v1/chat/completions", "chat", "max_tokens", "max_completion_tokens"),
    b"/completions": _model(b"/v1/completions", "text_completion", "max_tokens"),
    b"/responses": _model(b"/v1/responses", "chat", "max_output_tokens"),
    b"/embeddings": _model(b"/v1/embeddings", "embeddings"),
    b"/rerank": _model(b"/v1/rerank", "rerank"),
    b"/score": _model(b"/score", "score"),
    b"/audio/transcriptions": _model(b"/v1/audio/transcriptions", "transcription", kind="form"),
    b"/audio/translations": _model(b"/v1/audio/translations", "translation", kind="form"),
    b"/audio/speech": _model(b"/v1/audio/speech", "speech"),
    b"/images/generations": _model(b"/v1/images/generations", "image_generation"),
    b"/messages": _model(b"/v1/messages", "chat", "max_tokens", anthropic=True),
    b"/messages/count_tokens": _model(b"/v1/messages/count_tokens", "count_tokens", anthropic=True),
    b"/tokenize": _model(b"/tokenize", "tokenize"),
    b"/detokenize": _model(b"/detokenize", "detokenize"),
    b"/models": Path("models", method=b"GET"),
    b"/health": Path("health", method=b"GET"),
    b"/metrics": Path("metrics", method=b"GET"),
}
_ROOT = Path("root", method=b"GET")
_PASSED = Path("passed")


def path_of(path: bytes) -> Path | None:
    """Where a path (without its query) leads; None for one that there is not."""
    found = _PATHS.get(path) or _PATHS.get(path.removeprefix(b"/v1").rstrip(b"/"))
    if found is not None:
        return found
    if path == b"/":
        return _ROOT
    if path.startswith((b"/api/", b"/ui/")) or path in {b"/api", b"/ui"}:
        return _PASSED
    if path.removeprefix(b"/v1").startswith(b"/models/"):
        return _PATHS[b"/models"]
    return None


def one_model(path: bytes) -> bytes | None:
    """The id in `/v1/models/ID`, as it is written; None for the list."""
    _, _, name = path.removeprefix(b"/v1").partition(b"/models/")
    return name or None
