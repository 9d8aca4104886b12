"""Models of one's own: one that runs here, one that somebody else serves, and changes of either.

The keys are those of an entry (`model add --file`), so that what is sent is what a seed or a file could have said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from modelscan.api.bodies.words import WHOLE, Body, Count, Line, Variable
from modelscan.backends.registry import BACKENDS
from modelscan.model.registered import ModelType, Pooling
from modelscan.parsing.fields import LARGEST_CONTEXT
from modelscan.registry.words import UPSTREAM, runtimes

_ID = r"^[A-Za-z0-9][A-Za-z0-9_+:@-]*(\.[A-Za-z0-9_+:@-]+)*(/[A-Za-z0-9_][A-Za-z0-9_+:@-]*(\.[A-Za-z0-9_+:@-]+)*){0,4}$"
_SIZE = r"^[1-9][0-9]{0,3}(\.[0-9]{1,6})?([kKmMgG][iI]?)[bB]?$"
_ADDRESS = r"^https?://[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~/-]*)?$"
_REPO = r"^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$"
_DOTTED = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"

Id = Annotated[str, Field(max_length=200, pattern=_ID)]
_Memory = Annotated[str, Field(pattern=_SIZE)] | Annotated[int, Field(ge=1, le=1 << 50), WHOLE]
_Context = Annotated[int, Field(ge=1, le=LARGEST_CONTEXT), WHOLE]
_Repo = Annotated[str, Field(max_length=96, pattern=_REPO)]
_Address = Annotated[str, Field(max_length=500, pattern=_ADDRESS)]
_Temperature = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
_TopP = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Runtime: Any = Literal[tuple(word for word in runtimes() if word != UPSTREAM)]
_Owner: Any = Literal[("local", "openai", *BACKENDS)]


class ModelDefaults(Body):
    """What counts where a request says nothing."""

    temperature: _Temperature | None = None
    top_p: _TopP | None = None
    max_tokens: _Context | None = None


class _Entry(Body):
    """What any model may say; what is not sent, or null, is not said."""

    name: Line | None = None
    type: ModelType | None = None
    context_length: _Context | None = None
    description: Line | None = None
    enabled: bool | None = None
    defaults: ModelDefaults | None = None
    supports_structured_outputs: bool | None = None
    max_parallelism: Count | None = None
    owned_by: _Owner | None = None

    def changes(self) -> Mapping[str, Any]:
        """By the keys of an entry."""
        return self.model_dump(exclude_none=True, exclude={"id", "upstream"})


class _Run(_Entry):
    runtime: _Runtime | None = None
    memory: Annotated[_Memory, Field(description="What it claims where its shape is unknown")] | None = None
    auto_pull: bool | None = None
    prewarm: bool | None = None
    pooling: Pooling | None = None
    handler: Annotated[str, Field(max_length=200, pattern=_DOTTED)] | None = None
    thread_safe: bool | None = None
    skip_download: bool | None = None
    hf_repo_id: _Repo | None = None
    model_scope_model_id: _Repo | None = None
    runtime_args: Annotated[list[Line], Field(max_length=200)] | None = None


class LocalModel(_Run):
    """A model that runs here. Without a `runtime` the plan chooses the backend."""

    id: Id


class Elsewhere(Body):
    """Where somebody else serves it; the key is only named, by the variable that holds it."""

    base_url: _Address
    api_key_env: Variable | None = None
    model: Annotated[Line, Field(description="What it is called there; by default the id")] | None = None


class ElsewhereModel(_Entry):
    """A model that somebody else serves; the gateway hands requests for it on."""

    id: Id
    runtime: Literal["upstream"]
    upstream: Elsewhere


# Variants of a body, not places in it.
_LOCAL, _UPSTREAM = "<local>", "<upstream>"


def _which(said: Any) -> str:
    runtime = said.get("runtime") if isinstance(said, Mapping) else getattr(said, "runtime", None)
    return _UPSTREAM if runtime == UPSTREAM else _LOCAL


NewModel = Annotated[
    Annotated[LocalModel, Tag(_LOCAL)] | Annotated[ElsewhereModel, Tag(_UPSTREAM)], Discriminator(_which)
]


class ElsewhereChanges(Body):
    """Changes of where somebody else serves it."""

    base_url: _Address | None = None
    api_key_env: Variable | None = None
    model: Line | None = None


class ModelChanges(_Run):
    """What is sent is said from now on; null takes back what was said."""

    upstream: ElsewhereChanges | None = None

    def changes(self) -> Mapping[str, Any]:
        return self.model_dump(exclude_unset=True)
