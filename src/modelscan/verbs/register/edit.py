"""`model edit`, `model enable` and `model disable`: what the user says goes over what files and seeds say."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from modelscan.errors import Usage
from modelscan.model.registered import RegisteredModel
from modelscan.registry.documents import document_of
from modelscan.registry.editing import Changes, changes_between, edited
from modelscan.registry.layers import stated_by
from modelscan.registry.registered import registered_models
from modelscan.registry.store import RegistryStore
from modelscan.running.routes import update_upstreams
from modelscan.selecting.context import Context
from modelscan.selecting.entries.find import find_registered
from modelscan.selecting.entries.upstream import Upstreams

_HEAD = """\
# What is registered of this model. What you change is yours: no seeding and no file changes it any more.
# A key that you remove is what a file or a seed says again.
"""


def edit_model(context: Context, reference: str, changes: Changes) -> RegisteredModel:
    """Raises ModelNotFound, Usage that names the key."""
    found = find_registered(context, reference)
    model = found.model
    listed = found.layer("local") is not None or found.layer("models.yaml") is not None
    with RegistryStore(context.settings.paths, context.clock) as store:
        store.change(model.id, lambda row: edited(model.id, row, changes, listed=listed))
    after = registered_models(context.settings).all[model.id.casefold()].model
    update_upstreams(context, model, after)
    return Upstreams(context).completed(after)


def text_to_edit(context: Context, reference: str) -> str:
    """A model as TOML, for an editor."""
    return _HEAD + tomli_w.dumps(_document(context, reference))


def changes_in(context: Context, reference: str, text: str) -> dict[str, Any]:
    """What a user changed in that text. Raises Usage for one that is no TOML any more."""
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hints = [f"modelscan model edit {shlex.quote(reference)}"]
        raise Usage("that is not TOML; nothing was changed", cause=[str(error)], hints=hints) from error
    return changes_between(_document(context, reference), after)


def _document(context: Context, reference: str) -> Mapping[str, Any]:
    found = find_registered(context, reference)
    return document_of(found.model.id, {"name": found.model.name, **stated_by(found.layers)})
