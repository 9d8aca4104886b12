"""A new model of the Playground API."""

from __future__ import annotations

import contextlib

from modelscan import dataclasses
from modelscan.errors import ModelscanError, Usage
from modelscan.hubs.huggingface.about import AboutRepo, about_repo
from modelscan.hubs.tokens import is_token
from modelscan.parsing.text import clean
from modelscan.playground.asked import AskedModel
from modelscan.playground.locks import commanding_model
from modelscan.playground.places import checked_bucket, checked_folder
from modelscan.playground.quantities import amount, gpu_count
from modelscan.playground.record import PlaygroundModel, new_model_id
from modelscan.playground.secrets import forget_secrets, keep_secrets
from modelscan.playground.sources import check_api, host_of, repo_of
from modelscan.playground.store import PlaygroundStore
from modelscan.playground.transitions import made
from modelscan.running.playground.take_up import begin_what_is_due
from modelscan.selecting.context import Context
from modelscan.system.clock import rfc3339


def create_model(context: Context, asked: AskedModel) -> str:
    """Keep it and begin its pull; returns its id. What is killed half-way leaves nothing, or the whole model.

    Raises Usage, naming the field, for what cannot be; Conflict for a folder that another model has.
    """
    new = _asked_for(context, asked)
    while True:
        model = dataclasses.replace(new, id=new_model_id())
        if asked.s3 is not None:
            model = dataclasses.replace(model, s3=checked_bucket(asked.s3, model.id))
        with commanding_model(context.settings.paths, model.id, context.clock):
            if _kept(context, asked, model):
                with contextlib.suppress(ModelscanError):  # whoever looks tries again, and says what is wrong
                    begin_what_is_due(context, model.id)
                return model.id


def _kept(context: Context, asked: AskedModel, model: PlaygroundModel) -> bool:
    """First the row, which says whose the secrets are, then these, then the model is there; False: its id is taken."""
    paths = context.settings.paths
    with PlaygroundStore(paths, context.clock) as store:
        if not store.add(model):
            return False
        try:
            keep_secrets(paths, model.id, asked)
        except ModelscanError:
            forget_secrets(paths, model.id)
            store.forget(model.id)
            raise
        store.change(model.id, lambda row: made(row, model.created_at), any_stage=True)
    return True


def _asked_for(context: Context, asked: AskedModel) -> PlaygroundModel:
    """The model before it has an id."""
    _check(asked)
    is_local, at = asked.access_mode == "local", rfc3339(context.clock.now())
    source = repo_of(asked.url) if is_local else asked.url
    folder = checked_folder(context.settings, asked.local_path, source) if is_local and asked.s3 is None else None
    told = (_about(context, asked, source) if is_local else None) or AboutRepo(repo_id=source if is_local else "")
    owner, _, name = told.repo_id.partition("/")
    name = name or host_of(source)
    return PlaygroundModel(
        id="",
        access_mode=asked.access_mode,
        source=source,
        display_name=clean(asked.display_name) or name,
        description=clean(asked.description) or told.description,
        icon=clean(asked.icon) or told.icon,
        label=clean(asked.label) or owner,
        tags=tuple(filter(None, map(clean, asked.tags))) or told.tags,
        has_token=bool(asked.token),
        local_path=asked.local_path,
        folder=str(folder) if folder is not None else "",
        cpu=asked.cpu,
        memory=asked.memory,
        gpu=asked.gpu,
        created_at=at,
        updated_at=at,
    )


def _check(asked: AskedModel) -> None:
    if asked.access_mode == "remote_api":
        check_api(asked.url)
    if asked.token and not is_token(asked.token):
        raise Usage("source.token: it has forbidden characters")
    for name, quantity in (("cpu", asked.cpu), ("memory", asked.memory), ("gpu", asked.gpu)):
        try:
            _ = quantity and (gpu_count(quantity) if name == "gpu" else amount(quantity))
        except ValueError as error:
            raise Usage(f"resources.{name}: {error}") from error


def _about(context: Context, asked: AskedModel, repo_id: str) -> AboutRepo | None:
    if context.settings.offline:
        return None
    environ = dict(context.hub_environment())
    return about_repo(repo_id, environ | ({"HF_TOKEN": asked.token} if asked.token else {}), context.http())
