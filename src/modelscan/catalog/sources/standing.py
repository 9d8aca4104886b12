"""How much each source is trusted: whose facts win, which names count as a model's (pure)."""

from __future__ import annotations

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A source of records. Of two ranks the lower counts first.

    `facts` ranks what it says of a model. `identity` ranks its records in telling which entries are one model; hosted
    offers come after all of them. `offers` ranks what hosts say through it, `own_offers` what the model's lab says as
    its own host. `is_ours`: checked by hand, or the user's own, so that nobody outvotes it. `knows_limits` is False
    where the hosts' context lengths are better. `names_models` is False where its names are of sets or recipes, and
    are no aliases; `describes_per_hub` where it describes one model once for each hub.
    """

    name: str
    facts: int
    identity: int
    offers: int | None = None
    own_offers: int | None = None
    is_ours: bool = False
    knows_limits: bool = True
    names_models: bool = True
    describes_per_hub: bool = False


LOCAL = Standing(name="local", facts=0, identity=0, is_ours=True)
MODELS = Standing(name="models.yaml", facts=1, identity=1, is_ours=True)
KNOWN_WEIGHTS = Standing(name="known-weights", facts=2, identity=2, is_ours=True)
# Hosts are asked together, after everybody else; the lab itself, as a host, before all but us.
MODELS_DEV = Standing(name="models.dev", facts=6, identity=3, offers=7, own_offers=3)
VLLM_RECIPES = Standing(name="vllm-recipes", facts=4, identity=4, knows_limits=False, names_models=False)
# It runs what it lists. Its contexts contradict the hosts' median by more than 40 % for 18 sets of 2.3.0; some of its
# names point to other repos than they say.
GPUSTACK = Standing(
    name="gpustack", facts=5, identity=5, knows_limits=False, names_models=False, describes_per_hub=True
)
REGISTERED = Standing(name="registered", facts=0, identity=0, is_ours=True)
STANDINGS = {item.name: item for item in (LOCAL, REGISTERED, MODELS, KNOWN_WEIGHTS, MODELS_DEV, VLLM_RECIPES, GPUSTACK)}
