"""What a backend says of itself: names, and words that stand for it or for what it is told."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass, field
from modelscan.model import Mode, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """Where a backend is taken before the usual one: in `mode`, for models with latent attention (MLA) or for all; or,
    with `without_gpu`, in any mode on a CPU for models of a `task` and of these types.

    `why` is that reason, `otherwise` why it is not taken for the other models.
    """

    mode: Mode | None = None
    latent_attention: bool = False
    without_gpu: bool = False
    task: Task | None = None
    model_types: frozenset[str] = frozenset()
    why: str
    otherwise: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """Read for every backend whenever one is chosen, so it holds plain values only.

    `usual` is why it is taken where nothing speaks for another, None where it is not: the first in the registry that
    says so is. `spellings` are its names, the usual one first, for fields of a request (`context_length`), `switches`
    those that take no value and what they say of `enforce_eager`: both given as `--backend-arg` enter the plan.

    What others call it: `gpustack` and `litellm` (a prefix of models), `seeds` in lists of models, `owned_by` in lists
    of what is served, `catalog` the source that its own people write, `image` without a tag. `drafts` is its command
    for a model with a second one that drafts, with `{base}`, `{drafter}`, `{method}` (`{algorithm}`, the same in
    capitals) and `{tokens}`; None where it serves none.
    """

    title: str
    usual: str | None = None
    leads: tuple[Lead, ...] = ()
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    image: str | None = None
    gpustack: str | None = None
    litellm: str = "openai"
    seeds: frozenset[str] = frozenset()
    owned_by: str = "local"
    catalog: str | None = None
    drafts: str | None = None

    @property
    def options(self) -> dict[str, str]:
        """The usual name for each field."""
        return {name: names[0] for name, names in self.spellings.items()}
