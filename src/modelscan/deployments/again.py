"""The command that made a deployment, with something changed: what a diagnosis suggests to run."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def _completed(deployment: Deployment, hint: str) -> str:
    """`modelscan deploy … --x 1` with the original request in place of the dots, except for what is given anew."""
    before, _, after = hint.partition(AGAIN)
    changed = {name.replace("-", "_") for name in re.findall(r"--([a-z-]+)", after)} - _REPEATABLE
    request = {name: value for name, value in deployment.request.items() if name not in changed}
    if before.endswith("plan "):
        request = {name: value for name, value in request.items() if name in _PLANNED}
    own_place = deployment.source in {"local_path", "s3"} and deployment.catalog_id is None
    reference = deployment.location if own_place and deployment.location else deployment.model
    words = " ".join(request_words(reference, request))
    return f"{before}{words}{after}" + (" --replace" if before.endswith("deploy ") else "")
