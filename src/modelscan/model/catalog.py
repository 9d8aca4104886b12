"""What can be run: one merged catalog entry and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.model.words import Source, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    tool_call: bool | None = None
    reasoning: bool | None = None
    attachment: bool | None = None
    structured_output: bool | None = None
    temperature: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Modalities:
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Tokens. Zero and absurd figures of a source become None here; `conflicts` keeps what it said."""

    context: int | None = None
    input: int | None = None
    output: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pricing:
    """US dollars per million tokens."""

    input: float | None = None
    output: float | None = None
    reasoning: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderOffer:
    """One hosted offer: `id` is the provider, `model` its own name for the model."""

    id: str
    model: str
    pricing: Pricing = field(default_factory=Pricing)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """The files of a model in one repo, in one quantization. `repo_id` is a folder for `local_path`, an address for
    `s3`. `size_bytes` is what a source says; `estimated_bytes` what the shape or the parameters come to, within a few
    percent, where none does.
    """

    source: Source
    repo_id: str
    revision: str | None = None
    format: str | None = None
    quantization: str | None = None
    size_bytes: int | None = None
    estimated_bytes: int | None = None
    official: bool | None = None
    verified: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """How a catalog says a model is run. Data, never command: it passes an allow-list before any use.

    `backend_version` is the version it was made for, `min_backend_version` the oldest that can run it. `gpu_filters`
    must all match; one that a reader does not know matches nothing. `verified_hardware` are machines of the source's
    own vocabulary, `extra` what it says besides, under its own names.
    """

    mode: str = "standard"
    quantization: str | None = None
    backend: str | None = None
    backend_version: str | None = None
    min_backend_version: str | None = None
    repo_id: str | None = None
    parameters: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    gpu_filters: Mapping[str, Any] = field(default_factory=dict)
    verified_hardware: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    source: str = "gpustack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fits:
    feasible: bool
    quantization: str | None = None
    backend: str | None = None
    max_model_len: int | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One merged catalog entry. `parameters` and `active_parameters` are counts, not billions.

    `native_context` is the longest context of the weights, in tokens, from their `config.json`; `limits.context` is
    what sources state, mostly the median of what hosts serve, which may be less, or more with a stretched context.
    """

    id: str
    name: str
    owner: str | None = None
    aliases: tuple[str, ...] = ()
    family: str | None = None
    task: Task = "chat"
    description: str | None = None
    tags: tuple[str, ...] = ()
    homepage: str | None = None
    icon_url: str | None = None
    open_weights: bool | None = None
    open_alternatives: tuple[str, ...] = ()
    license: str | None = None
    status: str | None = None
    parameters: int | None = None
    active_parameters: int | None = None
    knowledge: str | None = None
    release_date: str | None = None
    last_updated: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    modalities: Modalities = field(default_factory=Modalities)
    limits: Limits = field(default_factory=Limits)
    native_context: int | None = None
    pricing: Pricing = field(default_factory=Pricing)
    providers: tuple[ProviderOffer, ...] = ()
    weights: tuple[Weights, ...] = ()
    specs: tuple[Spec, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    conflicts: Mapping[str, Any] = field(default_factory=dict)
    fits: Fits | None = None

    @property
    def disk_range(self) -> tuple[int | None, int | None]:
        """Bytes on disk of the smallest and the largest known form, on the hub that is listed first."""
        first = self.weights[0].source if self.weights else None
        known = [item.size_bytes or item.estimated_bytes for item in self.weights if item.source == first]
        sizes = [size for size in known if size]
        return (min(sizes), max(sizes)) if sizes else (None, None)
