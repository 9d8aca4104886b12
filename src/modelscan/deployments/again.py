"""The command that made a deployment, said again with something changed: what a diagnosis asks a person to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from modelscan.backends.base import AGAIN, HALF
from modelscan.model import Deployment, PlanRequest

_PLANNED = frozenset(field.name for field in fields(PlanRequest))
_REPEATABLE = frozenset({"env", "backend_args"})


def request_words(reference: str, request: Mapping[str, Any]) -> list[str]:
    """The command line of a request, quoted for a shell, without the program and the verb."""
    words = [shlex.quote(reference)]
    for name, value in request.items():
        option = f"--{name.replace('_', '-')}"
        match name, value:
            case "model", _:
                continue
            case "gpus", chosen:
                words += ["--gpu", ",".join(chosen)]
            case "no_gpu", _:
                words += ["--gpu", "none"]
            case "gpu_count", count:
                words += ["--gpus", str(count)]
            case "max_memory_bytes", size:
                words += ["--max-memory", str(size)]
            case "backend_args", arguments:
                words += [shlex.quote(f"--backend-arg={argument}") for argument in arguments]
            case "env", variables:
                words += [f"--env {shlex.quote(f'{key}={text}')}" for key, text in variables.items()]
            case _, True:
                words.append(option)
            case _:
                words += [option, shlex.quote(str(value))]
    return words


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
    own_folder = deployment.source == "local_path" and deployment.catalog_id is None
    reference = deployment.location if own_folder and deployment.location else deployment.model
    words = " ".join(request_words(reference, request))
    return f"{before}{words}{after}" + (" --replace" if before.endswith("deploy ") else "")
