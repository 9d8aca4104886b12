"""What adapters take beside the weights, and why a backend cannot serve them."""

from __future__ import annotations

from modelscan.backends.registry import BACKENDS
from modelscan.model import Adapter, Architecture, WeightsDescription
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes
from modelscan.weights.counting.adapters import adapter_numbers
from modelscan.weights.counting.sizes import Sized

_CLOSE = 0.1  # padding, and matrices that some families have besides
_UNKNOWN = 8  # room beside every matrix, where an adapter often changes two of seven


def adapters_problem(setting: Setting, weights: WeightsDescription) -> tuple[str, str] | None:
    """Code and reason where the backend cannot serve what is asked for on top of these weights."""
    adapters = setting.request.found_adapters
    if not adapters:
        return None
    backend = BACKENDS[setting.backend]
    if backend.adapts is None:
        return "no_adapters", f"{setting.backend} serves no adapters"
    if unread := [item for item in adapters if item.format not in backend.adapts.formats]:
        forms = " and ".join(sorted(map(_form, backend.adapts.formats)))
        other = f"`{unread[0].name}` is {_form(unread[0].format)}"
        return "no_adapters", f"{setting.backend} reads adapters in {forms}, and {other}"
    problem = backend.adapts.problem(adapters, setting.task, weights.architecture)
    if problem is None and backend.adapts.needs_gpu and setting.device == "cpu":
        problem = "serves adapters on a GPU only"
    return None if problem is None else ("no_adapters", f"{setting.backend} {problem}")


def _form(word: str) -> str:
    return {"peft": "PEFT's safetensors", "gguf": "GGUF"}[word]


def adapters_on(setting: Setting, choice: Choice, layout: Layout) -> Sized:
    """What each device holds of them."""
    adapters, adapts = setting.request.found_adapters, BACKENDS[setting.backend].adapts
    if not adapters or adapts is None:
        return Sized(0, 0, 0)
    room = adapts.room(adapters)
    if room is None:
        size = sum(item.size_bytes for item in adapters)
        return Sized(size, size, size)
    each = room.rank * room.places * (4 if choice.dtype == "float32" else 2) / layout.pipeline_parallel
    shape = choice.weights.architecture
    found = (
        adapter_numbers(shape, tensor_parallel=layout.tensor_parallel, modules=room.modules)
        if shape is not None
        else None
    )
    if found is None or not found.layers:
        known = max(item.parameters / item.rank for item in adapters) * each
        return Sized(int(known), int(2 * known), int(_UNKNOWN * known))
    whole = (found.layers + found.experts) * each
    head = found.head * each if room.modules is None else 0
    return Sized(int(found.layers * each * (1 - _CLOSE)), int(whole), int((whole + head) * (1 + _CLOSE)) + 1)


def adapters_how(setting: Setting) -> str:
    """The derivation of that."""
    adapters, adapts = setting.request.found_adapters, BACKENDS[setting.backend].adapts
    room = adapts.room(adapters) if adapts is not None and adapters else None
    if room is None:
        return "as their files are"
    beside = "every matrix" if room.modules is None else ", ".join(sorted(room.modules))
    return f"room for {room.places} of rank {room.rank} beside {beside}"


def adapters_reason(setting: Setting, size: int) -> tuple[str, ...]:
    adapters = setting.request.found_adapters
    if not adapters:
        return ()
    listed = ", ".join(f"{item.name} (rank {item.rank})" for item in adapters)
    return (f"adapters: {listed} beside the model, {format_bytes(size)}",)


def mismatch(adapter: Adapter, shape: Architecture) -> str | None:
    """Why an adapter is of another model, by its matrices."""
    inner = None if shape.num_experts else shape.intermediate_size
    for what, its, ours in (
        ("width", adapter.width, shape.hidden_size),
        ("inner width", adapter.inner_width, inner),
    ):
        if its is not None and ours is not None and its != ours:
            return f"it is for a model of {what} {its}, and this one has {ours}"
    if adapter.layers is not None and shape.num_hidden_layers and adapter.layers > shape.num_hidden_layers:
        return f"it changes layer {adapter.layers}, and this model has {shape.num_hidden_layers}"
    return None
