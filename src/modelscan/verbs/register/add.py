"""`model add`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelscan.errors import Usage
from modelscan.model.registered import RegisteredModel
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.yaml_text import load
from modelscan.registry.editing import Changes, added, refused, stated_with
from modelscan.registry.entry import EntryInvalid, read_entry
from modelscan.registry.registered import registered_models
from modelscan.registry.store import RegistryStore
from modelscan.running.routes import update_upstreams
from modelscan.selecting.context import Context
from modelscan.selecting.entries.upstream import Upstreams
from modelscan.units import KIB

_LARGEST = 128 * KIB


def add_model(context: Context, model_id: str | None, changes: Changes, file: Path | None = None) -> RegisteredModel:
    """Register a model of the user's own, by its id and keys or by a file with one entry; keys go over the file's.

    Raises Usage, naming the key, and Conflict where a user or a seed has made it.
    """
    document = _document(file) if file is not None else {}
    wanted = model_id or document.get("id")
    if wanted is None:
        raise Usage(
            "no id was given", hints=["modelscan model add owner/name", "modelscan model add --file model.toml"]
        )
    try:
        entry = read_entry({**document, "id": wanted})
    except EntryInvalid as error:
        raise refused(str(wanted), str(error)) from error
    own = stated_with(entry.id, entry.stated, changes)
    with RegistryStore(context.settings.paths, context.clock) as store:
        store.change(entry.id, added(entry.id, own))
    made = registered_models(context.settings).all[entry.id.casefold()].model
    update_upstreams(context, made)
    return Upstreams(context).completed(made)


def _document(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as opened:
            payload = opened.read(_LARGEST + 1)
        if len(payload) > _LARGEST:
            raise Usage(f"`{file}` is too large for an entry")
        if file.suffix == ".toml":
            document = tomllib.loads(payload.decode())
        else:
            document = json.loads(payload) if file.suffix == ".json" else load(payload, strict=True)
    except OSError as error:
        raise Usage(f"`{file}` cannot be read", cause=[error.strerror or str(error)]) from error
    except (ValueError, NotThisFormat, RecursionError) as error:
        raise Usage(f"`{file}` is neither TOML, JSON nor YAML with one entry", cause=[str(error)[:200]]) from error
    if not isinstance(document, Mapping):
        raise Usage(f"`{file}` does not hold one entry: keys and their values")
    return document
