"""The shared vocabulary: what the rooms hand to one another. Frozen values, no I/O, no judgement.

Field names are the JSON of the interface: a document is the dataclass, key by key. `None` means unknown, never
zero. Sizes are bytes, times RFC 3339 UTC text, prices US dollars per million tokens.

adapter     what goes on top of a model
catalog     a model, its weights, offers and recipes
family      what is special about a model family
weights     what a repo holds: the shape, quantization and files
hardware    GPUs, CPU and memory of a machine
registered  models of one's own
plan        the request, candidates, rejections, the plan
deployment  deployments, installations, claims, measurements, routes
events      what a verb reports while it works
results     documents of verbs
words       closed lists of words
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelscan.model.adapter import Adapter
    from modelscan.model.catalog import (
        Capabilities,
        Fits,
        Limits,
        Modalities,
        Model,
        Pricing,
        ProviderOffer,
        Spec,
        Weights,
    )
    from modelscan.model.deployment import (
        Claim,
        Deployment,
        DeploymentMemory,
        Installation,
        Measured,
        MeasuredParts,
        Measurement,
        Progress,
        Route,
    )
    from modelscan.model.family import STRANGER, Family
    from modelscan.model.hardware import Cpu, Gpu, GpuLink, GpuProcess, Hardware
    from modelscan.model.plan import (
        Candidate,
        Estimated,
        GpuFilters,
        Handling,
        MemoryLine,
        MemoryPerGpu,
        ModelInProcess,
        Offload,
        Plan,
        PlanRequest,
        Rejection,
    )
    from modelscan.model.weights import Architecture, Form, LayerBytes, QuantGroup, TensorBytes, WeightsDescription
    from modelscan.model.words import (
        HUB_SOURCES,
        LIVE_STATUSES,
        Device,
        Mode,
        RestartPolicy,
        Source,
        Status,
        Task,
        Vendor,
    )

# Each module is loaded with the first name that is asked of it: making all these classes costs every command line
# some 30 ms, and `list` needs one of them.
_HOMES = {
    "adapter": ("Adapter",),
    "catalog": ("Capabilities", "Fits", "Limits", "Modalities", "Model", "Pricing", "ProviderOffer", "Spec", "Weights"),
    "deployment": (
        "Claim",
        "Deployment",
        "DeploymentMemory",
        "Installation",
        "Measured",
        "MeasuredParts",
        "Measurement",
        "Progress",
        "Route",
    ),
    "family": ("STRANGER", "Family"),
    "hardware": ("Cpu", "Gpu", "GpuLink", "GpuProcess", "Hardware"),
    "plan": (
        *(
            "Candidate",
            "Estimated",
            "GpuFilters",
            "Handling",
            "MemoryLine",
            "MemoryPerGpu",
            "Offload",
            "Plan",
            "PlanRequest",
        ),
        "Rejection",
        "ModelInProcess",
    ),
    "weights": ("Architecture", "Form", "LayerBytes", "QuantGroup", "TensorBytes", "WeightsDescription"),
    "words": ("Device", "HUB_SOURCES", "LIVE_STATUSES", "Mode", "RestartPolicy", "Source", "Status", "Task", "Vendor"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


__all__ = [
    "HUB_SOURCES",
    "LIVE_STATUSES",
    "STRANGER",
    "Adapter",
    "Architecture",
    "Candidate",
    "Capabilities",
    "Claim",
    "Cpu",
    "Deployment",
    "DeploymentMemory",
    "Device",
    "Estimated",
    "Family",
    "Fits",
    "Form",
    "Gpu",
    "GpuFilters",
    "GpuLink",
    "GpuProcess",
    "Handling",
    "Hardware",
    "Installation",
    "LayerBytes",
    "Limits",
    "Measured",
    "MeasuredParts",
    "Measurement",
    "MemoryLine",
    "MemoryPerGpu",
    "Modalities",
    "Mode",
    "Model",
    "ModelInProcess",
    "Offload",
    "Plan",
    "PlanRequest",
    "Pricing",
    "Progress",
    "ProviderOffer",
    "QuantGroup",
    "Rejection",
    "RestartPolicy",
    "Route",
    "Source",
    "Spec",
    "Status",
    "Task",
    "TensorBytes",
    "Vendor",
    "Weights",
    "WeightsDescription",
]
