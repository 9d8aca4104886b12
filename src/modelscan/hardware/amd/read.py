"""AMD GPUs from the kernel, completed by amd-smi and rocm-smi. Any one of the three suffices.

The index is HIP's: the order of the GPUs among KFD's nodes. The tools number in PCI order (ROCm/amdsmi issue 175).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass, replace
from modelscan.hardware.amd.sysfs import KernelGpu, read_kernel_gpus
from modelscan.hardware.amd.tools import ToolGpu, parse_amd_smi, parse_rocm_smi
from modelscan.hardware.probe import PROBE_SECONDS, Detected, started, tool_fault
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Gpu, GpuProcess
from modelscan.parsing.regex import regex
from modelscan.system.processes.run import Completed, Runner
from modelscan.units import GIB, format_bytes

ROCM = Path("/", "opt", "rocm")
_KFD = Path("/", "dev", "kfd")
# Integrated GPUs, by LLVM's processor table. The first two are large enough to serve models and are in vLLM's ROCm
# builds; MI300A (gfx942) differs from MI300X only by name and is a full accelerator.
_SERVING_APUS = {"gfx1150", "gfx1151"}
_APUS = _SERVING_APUS | {"gfx902", "gfx90c", "gfx1033", "gfx1035", "gfx1036", "gfx1103", "gfx1152", "gfx1153"}
_SMALL = 4 * GIB
NOT_LISTED = (
    "an AMD GPU is on the PCI bus, but neither the amdgpu driver nor ROCm's tools list it; try: sudo modprobe amdgpu;"
    " in a container, start it with --device /dev/kfd --device /dev/dri"
)
_NOT_ALLOWED = (
    "this user may not open /dev/kfd, without which ROCm runs nothing; try: sudo usermod -aG render,video $USER, and"
    " log in again"
)
_NO_GPU = regex(
    r"not found in modules|no (?:supported |amd )?(?:gpu|device|json data)|driver not (?:loaded|initialized)"
    r"|not_loaded|no_drv|invalid platform|^\s*(?:\{\s*\}|\[\s*\])\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Merged:
    kernel: KernelGpu | None
    tool: ToolGpu


def read_amd(
    *,
    environ: Mapping[str, str],
    run: Runner,
    sysfs: Path,
    host_free: int | None,
    rocm: Path = ROCM,
    expected: bool = False,
    may_open: Callable[[Path], bool] = lambda path: not path.exists() or os.access(path, os.R_OK | os.W_OK),
) -> Detected:
    """All AMD GPUs that can serve models. `expected`: an accelerator of AMD's is on the PCI bus. Never raises."""
    kernel = read_kernel_gpus(sysfs)
    run = heard = _Heard(run)
    tools = _ask_amd_smi(environ, run, rocm)
    merged = pair(kernel, tools)
    if not merged or not all(_complete(one) for one in merged):
        tools = join(tools, _ask_rocm_smi(environ, run, rocm))
        merged = pair(kernel, tools)
    if not merged:
        return Detected(answered=False, faults=heard.faults(expected=expected))
    if not may_open(_KFD):
        return Detected(faults=(_NOT_ALLOWED,))
    devices = [_gpu(index, one, host_free) for index, one in enumerate(merged)]
    kept, warnings = leave_out_integrated(devices)
    nodes = {gpu.index: merged[gpu.index].kernel for gpu in kept}
    driver = next((tool.driver_version for tool in tools if tool.driver_version), None)
    return Detected(
        devices=kept,
        driver_version=driver or _line(sysfs / "module" / "amdgpu" / "version"),
        rocm_version=(_line(rocm / ".info" / "version") or "").partition("-")[0] or None,
        interconnect=_interconnect([node for node in nodes.values() if node is not None], len(kept)),
        warnings=warnings,
    )


class _Heard:
    """A runner that keeps what ROCm's tools answered, for where they list no GPU."""

    def __init__(self, run: Runner) -> None:
        self.run = run
        self.answers: dict[str, Completed] = {}

    def __call__(self, argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Completed:
        done = self.run(argv, env=env, timeout=timeout)
        if started(done):
            self.answers.setdefault(Path(argv[0]).name, done)
        return done

    def faults(self, *, expected: bool) -> tuple[str, ...]:
        if expected:
            return (NOT_LISTED,)
        # ROCm's tools are often installed where there is no GPU of AMD's: that they find none is no fault.
        wrong = [(name, done) for name, done in self.answers.items() if not _NO_GPU.search(done.stdout + done.stderr)]
        return tuple(tool_fault(name, done) for name, done in wrong[:1])


def _complete(one: _Merged) -> bool:
    """Whether rocm-smi has nothing to add: the tools give the name, any source gives the rest."""
    node, tool = one.kernel or KernelGpu(node=0, gfx_target=None), one.tool
    known = tool.name, node.gfx_target or tool.gfx_target, _first(node.vram_total, tool.total)
    return None not in known and _first(node.vram_used, tool.used) is not None


def pair(kernel: Sequence[KernelGpu], tools: Sequence[ToolGpu]) -> tuple[_Merged, ...]:
    """Match the tools' GPUs with the kernel's, in HIP's order."""
    if not kernel:
        ordered = sorted(tools, key=lambda tool: (_first(tool.hip_id, tool.node, tool.number), tool.number))
        return tuple(_Merged(kernel=None, tool=tool) for tool in ordered)
    left = list(tools)
    by_bus = sorted(range(len(kernel)), key=lambda place: kernel[place].pci_bus_id or "")
    found: dict[int, ToolGpu] = {}
    tests: tuple[Callable[[KernelGpu, ToolGpu], bool], ...] = (
        lambda node, tool: tool.pci_bus_id is not None and tool.pci_bus_id == node.pci_bus_id,
        lambda node, tool: tool.uuid is not None and tool.uuid == node.uuid,
        lambda node, tool: tool.node is not None and tool.node == node.node,
        lambda node, tool: tool.pci_bus_id is None and kernel[by_bus[min(tool.number, len(kernel) - 1)]] is node,
    )
    for fits in tests:
        for place, node in enumerate(kernel):
            match = next((tool for tool in left if place not in found and fits(node, tool)), None)
            if match is not None:
                found[place] = match
                left.remove(match)
    return tuple(
        _Merged(kernel=node, tool=found.get(place, ToolGpu(number=place))) for place, node in enumerate(kernel)
    )


def leave_out_integrated(devices: Sequence[Gpu]) -> tuple[tuple[Gpu, ...], tuple[str, ...]]:
    """Leave out integrated GPUs that no backend can use; the others keep their index."""
    discrete = [gpu for gpu in devices if not gpu.integrated and (gpu.memory_total_bytes or _SMALL) >= _SMALL]
    kept, warnings = [], []
    for gpu in devices:
        small = (gpu.memory_total_bytes or _SMALL) < _SMALL
        if (gpu.integrated and gpu.gfx_target not in _SERVING_APUS) or (discrete and (small or gpu.integrated)):
            warnings.append(
                f"GPU {gpu.index} (`{gpu.name or gpu.gfx_target}`, {format_bytes(gpu.memory_total_bytes)}) is not"
                " used: it is integrated in the CPU, and no backend serves models on it"
            )
        else:
            kept.append(gpu)
    return tuple(kept), tuple(warnings)


def _gpu(index: int, merged: _Merged, host_free: int | None) -> Gpu:
    node, tool = merged.kernel or KernelGpu(node=index, gfx_target=None), merged.tool
    gfx = node.gfx_target or tool.gfx_target
    integrated = node.apu or gfx in _APUS
    total, used = _first(node.vram_total, tool.total), _first(node.vram_used, tool.used)
    free = total - used if total is not None and used is not None else None
    usable = usable_bytes(total, "amd")
    if integrated and node.gtt_total is not None and total is not None:
        # The BIOS carve-out is not the limit: host memory mapped for the GPU (GTT) is used the same way.
        lent = max(node.gtt_total - (node.gtt_used or 0), 0)
        free = (free or 0) + (lent if host_free is None else min(lent, host_free))
        usable = total = total + node.gtt_total
    return Gpu(
        index=index,
        uuid=_first(node.uuid, tool.uuid),
        vendor="amd",
        name=tool.name or node.name or (f"AMD {gfx}" if gfx else None),
        memory_total_bytes=total,
        memory_usable_bytes=usable,
        memory_free_bytes=None if free is None else max(free, 0),
        gfx_target=gfx,
        pci_bus_id=_first(node.pci_bus_id, tool.pci_bus_id),
        integrated=integrated,
        power_limit_watts=_watts(node.power_limit),
        power_default_watts=_watts(node.power_default),
        processes=tuple(GpuProcess(pid=pid, memory_bytes=memory) for pid, memory in tool.pids),
    )


def _watts(microwatts: int | None) -> int | None:
    return None if microwatts is None else round(microwatts / 10**6)


def _ask_amd_smi(environ: Mapping[str, str], run: Runner, rocm: Path) -> tuple[ToolGpu, ...]:
    def ask(*arguments: str) -> str:
        return _ask("amd-smi", [*arguments, "--json"], environ, run, rocm)

    static = ask("static", "--asic", "--bus", "--vram", "--driver", "--board")
    if not parse_amd_smi(static=static):
        return ()
    # `-e` adds the KFD node and the HIP id; versions before ROCm 6.4 reject it.
    listed = ask("list", "-e") or ask("list")
    return parse_amd_smi(listed=listed, static=static, metric=ask("metric", "--mem-usage"), process=ask("process"))


def _ask_rocm_smi(environ: Mapping[str, str], run: Runner, rocm: Path) -> tuple[ToolGpu, ...]:
    wanted = ["--showproductname", "--showmeminfo", "vram", "--showuniqueid", "--showbus", "--showdriverversion"]
    return parse_rocm_smi(_ask("rocm-smi", [*wanted, "--json"], environ, run, rocm))


def _ask(tool: str, arguments: list[str], environ: Mapping[str, str], run: Runner, rocm: Path) -> str:
    """The output of ROCm's own tool, else of the one on PATH (which may be stale); empty where neither works."""
    for program in (str(rocm / "bin" / tool), tool):
        done: Completed = run([program, *arguments], env=environ, timeout=PROBE_SECONDS)
        if done.ok:
            return done.stdout
    return ""


def join(first: Sequence[ToolGpu], second: Iterable[ToolGpu]) -> tuple[ToolGpu, ...]:
    """The facts of both tools; the first wins. Only the second's where there is no first.

    GPUs match by PCI address, or by number where one tool does not report the address.
    """
    more = tuple(second)
    return tuple(_fill(tool, _same(tool, more)) for tool in first) or more


def _same(tool: ToolGpu, others: Sequence[ToolGpu]) -> ToolGpu | None:
    at = next((other for other in others if tool.pci_bus_id and other.pci_bus_id == tool.pci_bus_id), None)
    beside = (other for other in others if not (tool.pci_bus_id and other.pci_bus_id))
    return at or next((other for other in beside if other.number == tool.number), None)


def _fill(tool: ToolGpu, other: ToolGpu | None) -> ToolGpu:
    if other is None:
        return tool
    fields = ("name", "gfx_target", "pci_bus_id", "uuid", "node", "total", "used", "driver_version")
    return replace(tool, **{name: _first(getattr(tool, name), getattr(other, name)) for name in fields})


def _interconnect(nodes: Sequence[KernelGpu], count: int) -> str | None:
    """`xgmi` only where the kernel reports such a link between every pair."""
    if count < 2:  # noqa: PLR2004  one GPU has no link
        return None
    numbers = {node.node for node in nodes}
    linked = len(nodes) == count and all(numbers - {node.node} <= node.xgmi_peers for node in nodes)
    return "xgmi" if linked else "pcie" if nodes else None


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _line(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip() or None
    except OSError:
        return None
