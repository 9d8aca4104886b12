"""A registered model by its id, or by any name that the catalog knows of it."""

from __future__ import annotations

import contextlib
import shlex
from difflib import get_close_matches

from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.identity import resolve
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.registry.layers import LayeredModel
from modelscan.registry.registered import registered_models
from modelscan.selecting.context import Context


def find_registered(context: Context, reference: str) -> LayeredModel:
    """Raises ModelNotFound, with near ids."""
    found = registered_models(context.settings)
    if (model := found.find(reference)) is not None:
        return model
    with contextlib.suppress(ModelNotFound, ModelAmbiguous):
        known = resolve(reference, open_index(context.settings)).model
        if known is not None and (model := found.of(known)) is not None:
            return model
    near = get_close_matches(reference.casefold(), found.all, n=1)
    hints = [f"did you mean `{found.all[name].model.id}`?" for name in near] or ["modelscan model list --all"]
    raise ModelNotFound(
        f"no model is registered as `{reference}`",
        hints=[*hints, f"to register it: modelscan model add {shlex.quote(reference)}"],
        details={"id": reference},
    )
