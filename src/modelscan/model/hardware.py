"""What a model can run on: a machine as read or as described."""

from __future__ import annotations

from modelscan.dataclasses import dataclass, field
from modelscan.model.words import Vendor


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuProcess:
    pid: int
    memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gpu:
    """One GPU. `index` is physical, never renumbered by a visibility variable; a MIG slice has its GPU's, and its own
    number there as `mig_index`.

    `memory_total_bytes` is the driver's figure; `memory_usable_bytes` what one process can have at most.
    `power_limit_watts` is what holds now, `power_default_watts` what the vendor set.
    """

    index: int
    uuid: str | None = None
    vendor: Vendor = "nvidia"
    name: str | None = None
    memory_total_bytes: int | None = None
    memory_usable_bytes: int | None = None
    memory_free_bytes: int | None = None
    compute_capability: str | None = None
    gfx_target: str | None = None
    pci_bus_id: str | None = None
    mig: bool | None = None
    mig_index: int | None = None
    integrated: bool | None = None
    ecc: bool | None = None
    numa_node: int | None = None
    power_limit_watts: int | None = None
    power_default_watts: int | None = None
    processes: tuple[GpuProcess, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GpuLink:
    """Between two GPUs, by index. `p2p` is whether one can read the other's memory; `path` the farthest that data goes:
    `board`, `switch`, `switches`, `host-bridge`, `numa-node`, `system`. None where the driver does not say.
    """

    gpus: tuple[int, int]
    nvlink: bool | None = None
    p2p: bool | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpu:
    """`cores` are those this process may use; `isa` names like `avx2`, `avx512f`, `amx_bf16`."""

    model: str | None = None
    cores: int | None = None
    architecture: str | None = None
    isa: tuple[str, ...] = ()
    memory_total_bytes: int | None = None
    memory_free_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hardware:
    """A machine as read or as described. `interconnect`: `nvlink`, `xgmi`, `pcie`, or None.

    `faults` are those of the `warnings` that say why a GPU of this machine cannot be used.
    """

    devices: tuple[Gpu, ...] = ()
    driver_version: str | None = None
    cuda_version: str | None = None
    rocm_version: str | None = None
    interconnect: str | None = None
    links: tuple[GpuLink, ...] = ()
    cpu: Cpu = field(default_factory=Cpu)
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
