"""Names for what is wanted without one, as with `MODELS`: those that `deploy` gives."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.deployments.naming import deployment_name
from modelscan.errors import ModelNotFound, Usage
from modelscan.selecting.context import Context
from modelscan.selecting.requests import DeployRequest
from modelscan.selecting.resolve import resolve_request


def named(context: Context, wanted: Sequence[DeployRequest]) -> dict[str, DeployRequest]:
    """The requests by name; a model that is named twice counts once.

    Raises ModelNotFound with every name that is unknown, and near ones; Usage where two models would have one name.
    """
    found: dict[str, DeployRequest] = {}
    models: dict[str, str] = {}
    unknown: list[ModelNotFound] = []
    for request in wanted:
        if request.name is not None:
            found[request.name] = request
            continue
        try:
            model_id = resolve_request(context, request.plan).model_id
        except ModelNotFound as error:
            unknown.append(error)
            continue
        name = deployment_name(None, model_id)
        if models.setdefault(name, model_id) != model_id:
            raise Usage(
                f"`{models[name]}` and `{model_id}` would both be deployed as `{name}`",
                hints=["give them names in a file: modelscan up modelscan.yaml"],
            )
        found[name] = dataclasses.replace(request, name=name)
    if unknown:
        raise _all_unknown(unknown)
    return found


def _all_unknown(errors: Sequence[ModelNotFound]) -> ModelNotFound:
    if len(errors) == 1:
        return errors[0]
    return ModelNotFound(
        f"{len(errors)} of the models are unknown; nothing was started",
        cause=[error.message for error in errors],
        hints=list(dict.fromkeys(hint for error in errors for hint in error.hints)),
        details={"unknown": [error.message for error in errors]},
    )
