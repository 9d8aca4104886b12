"""What a registered model adds to a request: its backend, arguments, context and memory, under what the user asks."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from typing import Any

from modelscan import dataclasses
from modelscan.backends.arguments.folding import fold_arguments
from modelscan.backends.arguments.placeholders import is_port
from modelscan.backends.arguments.words import read_arguments
from modelscan.backends.registry import BACKENDS
from modelscan.errors import BackendNotInstalled, Conflict, Usage
from modelscan.model import Candidate, Handling, PlanRequest
from modelscan.model.registered import ENTRY, AtGateway, RegisteredModel
from modelscan.registry.layers import LayeredModel
from modelscan.registry.words import ELSEWHERE, TASKS, handler_of, runtimes
from modelscan.selecting.resolved import Resolved
from modelscan.storage.documents import to_document
from modelscan.units import format_bytes

_CONSENT = "--trust-remote-code"
_NEARLY = 0.1
_HANDLING = ("thread_safe", "max_parallelism", "supports_structured_outputs")
_RUN = (
    *("runtime", "runtime_args", "context_length", "memory_bytes", "defaults", "pooling", "repos"),
    *("handler", "owned_by", *_HANDLING),
)
_EMPTY = PlanRequest(model="")


def as_registered(resolved: Resolved, request: PlanRequest) -> PlanRequest:
    """The request with what the model's entry says where the user says nothing; the same again changes nothing.

    Raises Conflict for a disabled model, BackendNotInstalled for a runtime that is not built, Usage, which names the
    model, for an argument of its entry that is refused.
    """
    model = resolved.registered
    if model is None:
        return request
    refuse_unrunnable(model, request.backend)
    backend = request.backend or _backend(model)
    entry = PlanRequest(model="", backend=backend)
    if model.runtime is None or runtimes()[model.runtime].backend in {None, backend}:
        with blamed(resolved, everything=True):
            entry, rest = fold_arguments(_given(model), entry)
            entry = dataclasses.replace(entry, backend_args=rest)
    asked, words = fold_arguments(request.backend_args, request)
    asked = dataclasses.replace(asked, backend_args=words)
    if entry.context_length is None:
        entry = dataclasses.replace(entry, context_length=model.context_length)
    if asked.max_memory_bytes is None and all(item.architecture is None for item in resolved.options):
        entry = dataclasses.replace(entry, max_memory_bytes=model.memory_bytes)
    entry = dataclasses.replace(entry, defaults=model.defaults.said, pooling=model.pooling, handling=_handling(model))
    return _over(entry, asked)


def entry_document(entry: LayeredModel | None) -> dict[str, Any]:
    """What is said here of how a model is run, for the record of a request."""
    model = None if entry is None else entry.said_here
    if model is None:
        return {}
    said = {name: to_document(getattr(model, name)) for name in _RUN}
    said["defaults"] = model.defaults.said
    kept = {name: value for name, value in said.items() if value not in (None, [], {})}
    return {ENTRY: kept} if kept else {}


def at_gateway(model: RegisteredModel | None, backend: str) -> AtGateway:
    """What an entry asks of the gateway for a deployment on this backend."""
    if model is None:
        return AtGateway()
    return AtGateway(
        defaults=model.defaults.said,
        max_parallelism=model.requests_at_once,
        supports_structured_outputs=(
            None if BACKENDS[backend].runs.holds_to_schemas else model.supports_structured_outputs
        ),
        owned_by=model.owned_by or AtGateway().owned_by,
    )


def refuse_unrunnable(model: RegisteredModel | None, backend: str | None) -> None:
    """Raise Conflict for a model that is disabled or served elsewhere, BackendNotInstalled for a runtime that is not
    built. `backend` is what the user asked for, which does as well as the entry's.
    """
    if model is None:
        return
    if not model.enabled:
        raise Conflict(
            f"`{model.id}` is disabled",
            hints=[f"modelscan model enable {shlex.quote(model.id)}"],
            details={"id": model.id},
        )
    runtime = runtimes().get(model.runtime or "")
    if runtime is None or runtime.backend is not None or backend is not None:
        return
    if runtime.word in ELSEWHERE:
        raise Conflict(
            f"`{model.id}` runs at an upstream: there is nothing to deploy",
            cause=[f"it is {runtime.what}"],
            hints=["modelscan gateway start", f"modelscan model inspect {shlex.quote(model.id)}"],
            details={"id": model.id, "runtime": model.runtime},
        )
    task = TASKS[model.type or "chat"]
    other = next((name for name, found in BACKENDS.items() if found.runs.serves(task)), None)
    name = shlex.quote(model.id)
    raise BackendNotInstalled(
        f"`{model.id}` needs {runtime.what}, which this modelscan does not run yet",
        hints=[f"with another backend: modelscan deploy {name} --backend {other}"] if other is not None else [],
        details={"id": model.id, "runtime": model.runtime},
    )


def wishes_code(model: RegisteredModel | None) -> bool:
    """Whether the entry would let the repo's own code run. A wish is no consent: that is the user's, by hash."""
    return model is not None and _CONSENT in _names(model)


def entry_warnings(model: RegisteredModel | None, chosen: Candidate | None) -> Iterator[str]:
    """Where an entry's memory is more than a tenth from what the plan counts, which is then what is claimed; and where
    it says two lengths of context.
    """
    if model is None or chosen is None:
        return
    counted = chosen.memory_per_gpu.total_bytes * max(1, len(chosen.gpu_indices))
    said = model.memory_bytes or counted
    if chosen.memory_per_gpu.weights_bytes and abs(counted - said) > _NEARLY * said:
        yield (
            f"`{model.id}` is registered with {format_bytes(said)} of memory; the plan counts {format_bytes(counted)}, "
            "which is what it claims"
        )
    argued = fold_arguments(_given(model), _EMPTY)[0].context_length
    if model.context_length is not None and argued == chosen.max_model_len != model.context_length:
        yield f"the `runtime_args` of `{model.id}` set a context of {argued}; its `context_length` does not count"


@contextlib.contextmanager
def blamed(resolved: Resolved, *, everything: bool = False) -> Iterator[None]:
    """Inside, a refusal of one of the entry's arguments, or of `everything`, names the model."""
    try:
        yield
    except Usage as error:
        model = resolved.registered
        named = "id" in error.details  # already, by what is inside
        if model is None or named or not (everything or error.details.get("argument") in _names(model)):
            raise
        raise Usage(
            f"`{model.id}` cannot be deployed: {error.message}",
            cause=[*error.cause, "it is one of the `runtime_args` of its entry"],
            hints=[f"modelscan model edit {shlex.quote(model.id)}", f"modelscan model inspect {shlex.quote(model.id)}"],
            details={**error.details, "id": model.id},
        ) from error


def own_class(model: RegisteredModel | None) -> str | None:
    """The dotted path of a class of the user's own, which its entry names; None for the well-known ones."""
    return model.handler if model is not None and model.handler and not handler_of(model.handler).known else None


def _handling(model: RegisteredModel) -> Handling | None:
    """Nothing of our own list, and nothing where the entry says nothing of it."""
    handler = own_class(model)
    said = Handling(
        handler=handler,
        options=dict(model.extra) if handler is not None else {},
        **{name: getattr(model, name) for name in _HANDLING},
    )
    return said if said != Handling() else None


def _backend(model: RegisteredModel) -> str | None:
    return runtimes()[model.runtime].backend if model.runtime is not None else None


def _given(model: RegisteredModel) -> tuple[str, ...]:
    """Its arguments without the wish for code, and without those that leave to us what we decide anyway."""
    words: list[str] = []
    for argument in read_arguments(model.runtime_args):
        ours = argument.name == "--port" and len(argument.values) == 1 and is_port(argument.values[0])
        if argument.name != _CONSENT and not ours:
            words += argument.words
    return tuple(words)


def _names(model: RegisteredModel) -> set[str]:
    with contextlib.suppress(Usage):
        return {item.name for item in read_arguments(model.runtime_args)}
    return set()


def _over(entry: PlanRequest, asked: PlanRequest) -> PlanRequest:
    """What the user asks over what the entry says, argument by argument."""
    changes: dict[str, Any] = {}
    for name in dataclasses.field_names(PlanRequest):
        said, empty = getattr(entry, name), getattr(_EMPTY, name)
        if name not in {"model", "backend_args"} and said != empty:
            own = getattr(asked, name)
            changes[name] = said if own == empty else own
    given = {item.name for item in read_arguments(asked.backend_args)}
    kept = [word for item in read_arguments(entry.backend_args) if item.name not in given for word in item.words]
    changes["backend_args"] = (*kept, *asked.backend_args)
    return dataclasses.replace(asked, **changes)
