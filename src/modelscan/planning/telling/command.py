"""A request as its command line, so that a hint can be pasted and run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from modelscan import dataclasses
from modelscan.model import PlanRequest

_OPTIONS = {"gpu_count": "gpus", "max_memory_bytes": "max_memory", "aliases": "alias"}


def request_words(reference: str, request: Mapping[str, Any]) -> list[str]:
    """The arguments of a request, quoted for a shell, without the program and the verb."""
    words = [shlex.quote(reference)]
    for name, value in request.items():
        option = f"--{_OPTIONS.get(name, name).replace('_', '-')}"
        match name, value:
            case "model" | "gpu_filters" | "defaults" | "pooling" | "entry", _:  # of files and entries
                continue
            case "repo_id", repo:
                words[0] = shlex.quote(repo)
            case "gpus", chosen:
                words += ["--gpu", ",".join(chosen)]
            case "no_gpu", _:
                words += ["--gpu", "none"]
            case "backend_args", arguments:
                words += [shlex.quote(f"--backend-arg={argument}") for argument in arguments]
            case "env", variables:
                words += [f"--env {shlex.quote(f'{key}={text}')}" for key, text in variables.items()]
            case "aliases" | "allow_env", names:
                words += [f"{option} {shlex.quote(name)}" for name in names]
            case _, True:
                words.append(option)
            case _:
                words += [option, shlex.quote(str(value))]
    return words


def plan_command(request: PlanRequest, hardware: str | None = None) -> str:
    """`modelscan plan …` with what the request fixes; `hardware` is the description of a machine."""
    fixed = {
        name: value
        for name, default in dataclasses.defaults(request).items()
        if (value := getattr(request, name)) and value != default
    }
    words = ["modelscan", "plan", *request_words(request.model, fixed)]
    return " ".join([*words, "--hardware", shlex.quote(hardware)] if hardware else words)
