"""Seeds: models in environment variables, and the names that a fleet already has for these settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.settings.declaring import declares, setting
from modelscan.settings.values import flag, prefix

_OUR_PREFIX, _ENDING = "MODELSCAN_SEED_MODEL_", "SEED_MODEL_"
_PREFIX = "seed_models.prefix"
_SIBLINGS = {
    "seed_models.enabled": "SEED_MODELS_ENABLED",
    "seed_models.update_existing": "SEED_MODELS_UPDATE_EXISTING",
}


@dataclass(frozen=True, kw_only=True, eq=False)
@declares
class SeedModelsSettings:
    enabled: bool = setting(
        True, flag, env="MODELSCAN_SEED_MODELS_ENABLED", doc="register the models that the seed variables hold"
    )
    update_existing: bool = setting(
        False,
        flag,
        env="MODELSCAN_SEED_MODELS_UPDATE_EXISTING",
        doc="change models that seeds made when their variable changed, unless you modified them",
    )
    prefix: str = setting(
        _OUR_PREFIX,
        prefix,
        env="MODELSCAN_SEED_MODELS_PREFIX",
        doc="how the names of seed variables begin; with `FLEET_SEED_MODEL_` the fleet's own names of these settings "
        "and its `FLEET_HF_TOKEN` count too",
    )


def fleets(prefix: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """How the variables of the fleet begin that a prefix names: `FLEET_`, and that of the prefix which the fleet's own
    variable names. That is followed once.
    """
    first = prefix.removesuffix(_ENDING) if prefix.endswith(_ENDING) else None
    if not first:
        return ()
    named = environ.get(f"{first}SEED_MODELS_PREFIX", "") if prefix != _OUR_PREFIX else ""
    second = named.removesuffix(_ENDING) if named.endswith(_ENDING) else None
    return (first, second) if second and second != first else (first,)


def of_the_fleet(
    prefix: str, environ: Mapping[str, str], parse: Mapping[str, Any], *, named: Mapping[str, str]
) -> Iterator[tuple[str, tuple[Any, str]]]:
    """What a fleet's own variables set, by key, with where: where ours say nothing. `named` are origins so far.

    `parse` are the declared settings by key. Raises ConfigInvalid that names the variable.
    """
    stems = [stem for stem in fleets(prefix, environ) if f"{stem}{_ENDING}" != _OUR_PREFIX]
    for key, ending in _SIBLINGS.items():
        variable = next((name for stem in stems if environ.get(name := f"{stem}{ending}")), None)
        if variable is not None and not named.get(key, "").startswith(("flag", "env ")):
            yield key, (parse[key].parse(environ[variable], f"the environment variable {variable}"), f"env {variable}")
    if stems and (other := environ.get(variable := f"{stems[0]}SEED_MODELS_PREFIX")):
        yield _PREFIX, (parse[_PREFIX].parse(other, f"the environment variable {variable}"), f"env {variable}")
