"""The command that made a deployment, said again with something changed: what a diagnosis asks a person to run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

from modelscan.backends.base import AGAIN, HALF
from modelscan.model import Deployment, PlanRequest
from modelscan.planning.telling.command import request_words

_PLANNED = frozenset(field.name for field in fields(PlanRequest))
_REPEATABLE = frozenset({"env", "backend_args"})


def runnable(deployment: Deployment, hints: Iterable[str]) -> list[str]:
    """The hints of a diagnosis as commands for this deployment; those that need what it does not have are left out."""
    half = None if deployment.max_model_len is None else str(deployment.max_model_len // 2)
    said = []
    for hint in hints:
        if HALF in hint and half is None:
            continue
        said.append(_completed(deployment, hint.replace(HALF, half or "")) if AGAIN in hint else hint)
    return said


def _completed(deployment: Deployment, hint: str) -> str:
    """`modelscan deploy … --x 1` with what was asked for then in place of the dots, but for what is said anew."""
    before, _, after = hint.partition(AGAIN)
    changed = {name.replace("-", "_") for name in re.findall(r"--([a-z-]+)", after)} - _REPEATABLE
    request = {name: value for name, value in deployment.request.items() if name not in changed}
    if before.endswith("plan "):
        request = {name: value for name, value in request.items() if name in _PLANNED}
    own_place = deployment.source in {"local_path", "s3"} and deployment.catalog_id is None
    reference = deployment.location if own_place and deployment.location else deployment.model
    words = " ".join(request_words(reference, request))
    return f"{before}{words}{after}" + (" --replace" if before.endswith("deploy ") else "")
