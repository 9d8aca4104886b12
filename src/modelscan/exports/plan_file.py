"""A plan as the deployment file that `deploy --file` reads."""

from __future__ import annotations

from typing import Any

from modelscan.backends.registry import BACKENDS
from modelscan.deployments.naming import deployment_name
from modelscan.model import HUB_SOURCES, Candidate, Gpu, GpuFilters, Plan, PlanRequest
from modelscan.units import GIB, MIB

# Parameters that are modelscan's own, not the backend's.
OWN_WORDS = {"--trust-remote-code": "trust_remote_code", "--allow-pickle": "allow_pickle"}


def deployment_document(plan: Plan, request: PlanRequest, location: str | None) -> dict[str, Any]:
    """The chosen candidate as a deployment file. Empty where nothing fits.

    `location` is where the weights of a model are that is in no catalog; None for a model from a catalog.
    """
    chosen = plan.chosen
    if chosen is None:
        return {}
    # A model that is in no catalog is named by its location: a folder's name may be a model's.
    model = plan.model if location is None else chosen.repo_id if chosen.source in HUB_SOURCES else location
    repo = "model_id" if chosen.source == "modelscope" else "repo_id"
    found: dict[str, Any] = {
        "name": deployment_name(None, plan.model),
        "model": model,
        "source": chosen.source,
        repo: chosen.repo_id,
        "revision": request.revision,
        "quantization": chosen.quantization,
        "backend": chosen.backend,
        "backend_version": request.backend_version,
        "task": request.task,
        "adapters": dict(request.adapters) or None,
        "mode": chosen.mode if chosen.mode != "standard" else None,
        "gpus": _gpus(chosen, request),
        "gpu_filters": _filters(plan, chosen, request),
        "max_memory": _size(request.max_memory_bytes),
        "max_host_memory": _size(request.max_host_memory_bytes),
        "parameters": _parameters(chosen, request),
        "env": dict(chosen.extra_env) or None,
    }
    return {"model": model, "deployment": {key: value for key, value in found.items() if value is not None}}


def deployment_text(plan: Plan, request: PlanRequest, location: str | None) -> str:
    import yaml

    document = deployment_document(plan, request, location)
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)) if document else ""


def _size(count: int | None) -> str | None:
    return None if count is None else f"{count // MIB}MiB" if count % MIB == 0 else str(count)


def _gpus(chosen: Candidate, request: PlanRequest) -> str | int | list[int | str] | None:
    """Which GPUs, or how many, where the user said so: others would do as well for a plan that chose them itself."""
    if not chosen.gpu_indices:
        return "none"
    return [int(word) if word.isdecimal() else word for word in request.gpus] or request.gpu_count


def _filters(plan: Plan, chosen: Candidate, request: PlanRequest) -> dict[str, Any] | None:
    """What the plan counts on in a GPU: the least of those that it uses."""
    if request.gpu_filters is not None:
        return _document(request.gpu_filters)
    used = [gpu for gpu in plan.hardware.devices if chosen.uses(gpu)]
    if not used:
        return None
    sizes = [gpu.memory_total_bytes for gpu in used]
    known = [size for size in sizes if size is not None]
    least = min((gpu.compute_capability for gpu in used if gpu.compute_capability), key=float, default=None)
    return _document(
        GpuFilters(
            vendor=tuple(sorted({gpu.vendor for gpu in used})),
            min_memory_gb=min(known) // GIB if len(known) == len(sizes) else None,
            compute_capability=f">={least}" if least and all(_is_known(gpu) for gpu in used) else None,
        )
    )


def _is_known(gpu: Gpu) -> bool:
    return gpu.compute_capability is not None


def _document(filters: GpuFilters) -> dict[str, Any]:
    vendor = filters.vendor[0] if len(filters.vendor) == 1 else list(filters.vendor) or None
    found = {
        "vendor": vendor,
        "min_memory_gb": filters.min_memory_gb,
        "compute_capability": filters.compute_capability,
    }
    return {key: value for key, value in found.items() if value is not None}


def _parameters(chosen: Candidate, request: PlanRequest) -> list[str]:
    """The plan in the backend's own words, which fold into a request again, and our own that go with them."""
    names = BACKENDS[chosen.backend].about.options
    is_given = names.get("context_length") in chosen.argv  # encoders are not
    values = {
        "context_length": chosen.max_model_len if is_given else None,
        "max_concurrency": chosen.max_num_seqs,
        "tensor_parallel": chosen.tensor_parallel if chosen.gpu_indices else None,
        "pipeline_parallel": chosen.pipeline_parallel if chosen.gpu_indices else None,
        "dtype": chosen.dtype,
        "kv_cache_dtype": chosen.kv_cache_dtype,
        "gpu_memory_utilization": request.gpu_memory_utilization,
    }
    own = [f"{names[field]}={value}" for field, value in values.items() if value is not None and field in names]
    eager = ["--enforce-eager"] if request.enforce_eager else []
    own_words = [word for word, field in OWN_WORDS.items() if getattr(request, field)]
    return [*own, *eager, *own_words, *chosen.extra_args]
