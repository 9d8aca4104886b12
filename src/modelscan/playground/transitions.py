"""The changes of a model's row. Pure; each says what happened, and `at` when."""

from __future__ import annotations

from modelscan.dataclasses import replace
from modelscan.playground.record import PlaygroundModel

PULLED = "Download completed successfully"
_VERSION_LENGTH = 7


def made(model: PlaygroundModel, at: str) -> PlaygroundModel:
    """Everything of it is kept: clients may know of it. A remote one needs nothing more."""
    if model.access_mode == "local":
        return replace(model, stage="kept", updated_at=at)
    message = f"Model ready (AccessMode: {model.access_mode})"
    return replace(model, stage="kept", phase="Ready", message=message, updated_at=at)


def pulled(model: PlaygroundModel, commit: str, at: str) -> PlaygroundModel:
    return replace(model, phase="Ready", message=PULLED, version=commit[:_VERSION_LENGTH], updated_at=at)


def not_pulled(model: PlaygroundModel, cause: str, at: str) -> PlaygroundModel:
    return replace(model, phase="Failed", message=cause, updated_at=at)


def wanted_again(model: PlaygroundModel, at: str) -> PlaygroundModel:
    """Its pull had failed, and was begun anew."""
    return replace(model, phase="Pending", message="", updated_at=at)


def claimed(model: PlaygroundModel, inference: str, at: str, *, served_as: str = "") -> PlaygroundModel:
    """An inference is wanted from now on; what leads to it can be done by whoever reads this."""
    return replace(model, inference=inference, started=True, served_as=served_as or model.served_as, updated_at=at)


def let_go(model: PlaygroundModel, at: str) -> PlaygroundModel:
    """No inference is wanted any longer; what there is of it is still to be taken away."""
    if not model.inference:
        return model
    return replace(model, inference="", ending=(*model.ending, model.inference), updated_at=at)


def taken_away(model: PlaygroundModel, inference: str) -> PlaygroundModel:
    return replace(model, ending=tuple(item for item in model.ending if item != inference))


def deleted(model: PlaygroundModel, at: str, *, purge: bool) -> PlaygroundModel:
    """Gone for clients; `cleared` when all of it is."""
    return replace(let_go(model, at), stage="deleting", deletion_time=at, updated_at=at, purge=purge)


def cleared(model: PlaygroundModel) -> PlaygroundModel:
    return replace(model, stage="deleted", has_token=False)
