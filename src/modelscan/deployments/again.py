"""The command that made a deployment, with something changed: what a diagnosis suggests to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable

from modelscan.backends.base import AGAIN, HALF
from modelscan.dataclasses import field_names
from modelscan.model import Deployment, PlanRequest
from modelscan.planning.telling.command import request_words

_PLANNED = frozenset(field_names(PlanRequest))
_REPEATABLE = frozenset({"env", "backend_args"})


def runnable(deployment: Deployment, hints: Iterable[str]) -> list[str]:
    """The hints of a diagnosis as commands for this deployment; those with a missing value are dropped."""
    half = None if deployment.max_model_len is None else str(deployment.max_model_len // 2)
    commands = []
    for hint in hints:
        if HALF in hint and half is None:
            continue
        commands.append(_completed(deployment, hint.replace(HALF, half or "")) if AGAIN in hint else hint)
    return commands


def again(deployment: Deployment, changed: str = "", *, replace: bool = False) -> str:
    """The command that deploys the same once more, from any folder, with the options `changed` in place of its own."""
    if deployment.models:  # no option says several models
        return f"MODELS={shlex.quote(','.join(item.reference for item in deployment.models))} modelscan up"
    return f"modelscan deploy {_words(deployment, changed, only=None)}" + (" --replace" if replace else "")


def _completed(deployment: Deployment, hint: str) -> str:
    """`modelscan deploy … --x 1` with the original request in place of the dots, except for what is given anew."""
    before, _, after = hint.partition(AGAIN)
    if before.endswith("deploy "):
        return f"{before}{_words(deployment, after, only=None)} --replace"
    return f"{before}{_words(deployment, after, only=_PLANNED if before.endswith('plan ') else None)}"


def _words(deployment: Deployment, changed: str, *, only: Container[str] | None) -> str:
    """Its model and options, `changed` last; of those that cannot be repeated each is given once."""
    given = {name.replace("-", "_") for name in re.findall(r"--([a-z-]+)", changed)} - _REPEATABLE
    request = {
        name: value
        for name, value in deployment.request.items()
        if name not in given and (only is None or name in only)
    }
    own_place = deployment.source in {"local_path", "s3"} and deployment.catalog_id is None
    place = deployment.location or deployment.repo_id
    reference = place if own_place and place else deployment.model
    return f"{' '.join(request_words(reference, request))}{changed and ' '}{changed.strip()}"
