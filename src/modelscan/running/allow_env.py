"""Environment variables that a person typed and that no list has: passed on after a question that `--yes` does not
answer, because they may choose files, code or addresses.
"""

from __future__ import annotations

from collections.abc import Collection

from modelscan import dataclasses
from modelscan.backends.arguments.variables import is_listed
from modelscan.backends.registry import BACKENDS
from modelscan.model import PlanRequest
from modelscan.model.events import Ask


def ask_for_variables(request: PlanRequest, typed: Collection[str], ask: Ask) -> PlanRequest:
    """The request with those allowed to which a person says yes; for the others the plan raises Usage."""
    agreed = [
        name
        for name in typed
        if name not in request.allow_env
        and not any(is_listed(name, backend.runs.variables) for backend in BACKENDS.values())
        and ask(f"`{name}` may make the backend read or write files, or run code. Pass it on?", default=False)
    ]
    return dataclasses.replace(request, allow_env=(*request.allow_env, *agreed))
