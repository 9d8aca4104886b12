"""The CPU and the host's memory, as far as this process may use them: affinity and cgroup limits count."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelscan.model import Cpu
from modelscan.units import KIB

# The extensions by which backends choose CPU kernels (vLLM: at least AVX2; AVX-512 and AMX where available).
_ISA = (
    "sse4_2", "f16c", "fma", "avx", "avx2", "avx_vnni",
    "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "amx_tile", "amx_int8", "amx_bf16", "amx_fp16",
    "asimd", "asimddp", "asimdhp", "bf16", "i8mm", "sve", "sve2",
)  # fmt: skip
# cgroup v1 expresses "no limit" as the largest multiple of the page size below 2**63.
_NO_LIMIT = 2**62


def read_cpu(*, proc: Path, sysfs: Path, machine: str | None = None) -> Cpu:
    """What this process can use. A field is None where the system does not report it. Never raises."""
    info = parse_cpuinfo(_text(proc / "cpuinfo"))
    memory = parse_meminfo(_text(proc / "meminfo"))
    total, free = memory.get("MemTotal"), memory.get("MemAvailable")
    groups = dict(_groups(_text(proc / "self" / "cgroup")))
    for limit, used in _memory_limits(groups, sysfs / "fs" / "cgroup"):
        total = limit if total is None else min(total, limit)
        left = max(limit - used, 0)
        free = left if free is None else min(free, left)
    return Cpu(
        model=info.get("model"),
        cores=_cores(proc, groups, sysfs / "fs" / "cgroup"),
        architecture=machine or platform.machine() or None,
        isa=tuple(name for name in _ISA if name in info.get("flags", "").split()),
        memory_total_bytes=total,
        memory_free_bytes=free,
    )


def parse_cpuinfo(text: str) -> dict[str, str]:
    """`model` and `flags` of the first processor in `/proc/cpuinfo`, x86 or Arm."""
    first: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        first.setdefault(key.strip().lower(), value.strip())
    found = {"model": first.get("model name") or first.get("cpu model") or "", "flags": first.get("flags", "")}
    found["flags"] = found["flags"] or first.get("features", "")
    return {key: value for key, value in found.items() if value}


def parse_meminfo(text: str) -> dict[str, int]:
    """`/proc/meminfo` in bytes."""
    found = {}
    for line in text.splitlines():
        key, _, rest = line.partition(":")
        parts = rest.split()
        if parts and parts[0].isdecimal():
            found[key] = int(parts[0]) * (KIB if parts[1:] == ["kB"] else 1)
    return found


def parse_cpu_list(text: str) -> int | None:
    """The number of CPUs in a list such as `0-3,8`; None for anything else."""
    count = 0
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            return None
        count += int(last or first) - int(first) + 1
    return count


def _cores(proc: Path, groups: Mapping[str, str], root: Path) -> int | None:
    allowed = None
    for line in _text(proc / "self" / "status").splitlines():
        if line.startswith("Cpus_allowed_list:"):
            allowed = parse_cpu_list(line.partition(":")[2])
    quotas = [math.ceil(quota) for quota in _cpu_quotas(groups, root)]
    known = [count for count in (allowed, *quotas) if count]
    return min(known) if known else None


def _groups(text: str) -> Iterator[tuple[str, str]]:
    """Controller to path; version 2 has the empty controller."""
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for controller in controllers.split(","):
            yield controller, path


def _folders(root: Path, path: str | None) -> Iterator[Path]:
    """The group's folder and its parents, each of which may set a limit. A container sees only the root."""
    group = Path((path or "/").lstrip("/"))
    for folder in (root / group, *(root / parent for parent in group.parents)):
        if folder.is_dir():
            yield folder


def _memory_limits(groups: Mapping[str, str], root: Path) -> Iterator[tuple[int, int]]:
    """Each limit with the memory that counts against it, less the file cache, which is reclaimable."""
    for folder in _folders(root, groups.get("")):
        limit = _number(folder / "memory.max")
        if limit is not None:
            yield limit, _in_use(folder / "memory.current", folder / "memory.stat", "inactive_file")
    for folder in _folders(root / "memory", groups.get("memory")):
        limit = _number(folder / "memory.limit_in_bytes")
        if limit is not None and limit < _NO_LIMIT:
            yield limit, _in_use(folder / "memory.usage_in_bytes", folder / "memory.stat", "total_inactive_file")


def _cpu_quotas(groups: Mapping[str, str], root: Path) -> Iterator[float]:
    for folder in _folders(root, groups.get("")):
        quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
        if quota.isdecimal() and period.isdecimal() and int(period):
            yield int(quota) / int(period)
    for folder in _folders(root / "cpu", groups.get("cpu")):
        old_quota, old_period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        if old_quota and old_period:
            yield old_quota / old_period


def _in_use(current: Path, stat: Path, cache_key: str) -> int:
    cache = 0
    for line in _text(stat).splitlines():
        key, _, value = line.partition(" ")
        if key == cache_key and value.isdecimal():
            cache = int(value)
    return max((_number(current) or 0) - cache, 0)


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
