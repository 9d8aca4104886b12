"""The shared vocabulary: what the rooms hand to one another. Frozen values, no I/O, no judgement.

Field names are the JSON of the interface: a document is the dataclass, key by key. `None` means unknown, never
zero. Sizes are bytes, times RFC 3339 UTC text, prices US dollars per million tokens.
"""

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
from modelscan.model.deployment import Deployment, DeploymentMemory, Installation, Measured, Progress, Route
from modelscan.model.hardware import Cpu, Gpu, GpuProcess, Hardware
from modelscan.model.plan import Candidate, Estimated, MemoryPerGpu, Plan, PlanRequest, Rejection
from modelscan.model.weights import Architecture, WeightsDescription
from modelscan.model.words import LIVE_STATUSES, Device, Mode, RestartPolicy, Source, Status, Task, Vendor

__all__ = [
    "LIVE_STATUSES",
    "Architecture",
    "Candidate",
    "Capabilities",
    "Cpu",
    "Deployment",
    "DeploymentMemory",
    "Device",
    "Estimated",
    "Fits",
    "Gpu",
    "GpuProcess",
    "Hardware",
    "Installation",
    "Limits",
    "Measured",
    "MemoryPerGpu",
    "Modalities",
    "Mode",
    "Model",
    "Plan",
    "PlanRequest",
    "Pricing",
    "Progress",
    "ProviderOffer",
    "Rejection",
    "RestartPolicy",
    "Route",
    "Source",
    "Spec",
    "Status",
    "Task",
    "Vendor",
    "Weights",
    "WeightsDescription",
]
