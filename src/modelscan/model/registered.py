"""Models of one's own: what a user, a file or a seed says of a model that it makes or changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from modelscan.dataclasses import dataclass, field
from modelscan.model.catalog import Pricing
from modelscan.model.words import Source

ModelType = Literal["chat", "embed", "rerank", "vision", "speech", "image"]
Pooling = Literal["mean", "cls", "last_token"]
Origin = Literal["seed", "file", "user"]

ENTRY = "entry"
"""The key of a deployment's request under which its record keeps what the model's entry said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplingDefaults:
    """What counts where a request says nothing; the request always wins."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None

    @property
    def said(self) -> dict[str, float]:
        every = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        return {name: value for name, value in every.items() if value is not None}


@dataclass(frozen=True, kw_only=True, slots=True)
class UpstreamModel:
    """Where somebody else serves it: `api_key_env` is the variable that holds the key, never the key."""

    base_url: str | None = None
    api_key_env: str | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AtGateway:
    """How the gateway serves a deployment, as its model's entry had it when it was deployed. `defaults` count where a
    request is silent, `max_parallelism` is the most requests at once. `supports_structured_outputs` is None where the
    backend can whatever an entry says.
    """

    defaults: Mapping[str, float] = field(default_factory=dict)
    max_parallelism: int | None = None
    supports_structured_outputs: bool | None = None
    owned_by: str = "local"


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredModel:
    """An entry that extends or overrides the catalog; what nobody said of it is None, and the plan's to choose.

    `id` keeps its spelling, and is found in any. `runtime` is a backend in the words of seeds, or `upstream`.
    `memory_bytes` is what the model claims where its shape is unknown. `repos` are its weights by source, where they
    are elsewhere than at the repo that its id names; `source` is the one that counts. `system` is True where a seed or
    a file made it, `user_modified` where the user said something of it; `built_in` where only our own list has it.
    `pricing` is what its upstream asks for it, as models.dev lists that.
    `handler` is the dotted path of a class, `extra` holds keys that we have no name for.
    """

    id: str
    name: str
    type: ModelType | None = None
    runtime: str | None = None
    memory_bytes: int | None = None
    context_length: int | None = None
    description: str | None = None
    enabled: bool = True
    auto_pull: bool = False
    prewarm: bool = False
    runtime_args: tuple[str, ...] = ()
    defaults: SamplingDefaults = field(default_factory=SamplingDefaults)
    pooling: Pooling | None = None
    handler: str | None = None
    supports_structured_outputs: bool | None = None
    upstream: UpstreamModel | None = None
    source: Source | None = None
    repos: Mapping[str, str] = field(default_factory=dict)
    skip_download: bool = False
    origin: Origin = "user"
    system: bool = False
    user_modified: bool = False
    built_in: bool = False
    max_parallelism: int | None = None
    thread_safe: bool | None = None
    owned_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    pricing: Pricing | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def requests_at_once(self) -> int | None:
        """The most that it may serve at a time; None where nobody says."""
        return 1 if self.thread_safe is False else self.max_parallelism
