"""The CPU and what of the host's memory this process may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from modelscan.hardware.cpu import parse_cpu_list, parse_meminfo, read_cpu
from modelscan.units import GIB

Tree = Callable[[Path, Mapping[str, str]], Path]

XEON = (
    "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Platinum 8480+\nflags\t\t: fpu avx avx2 avx512f amx_bf16 amx_tile\n"
)
HOST = {
    "proc/cpuinfo": XEON,
    "proc/meminfo": "MemTotal:       67108864 kB\nMemFree:  1 kB\nMemAvailable:   33554432 kB\n",
    "proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-7,16-23\n",
}


def test_a_plain_machine(tmp_path: Path, write_tree: Tree) -> None:
    root = write_tree(tmp_path, HOST)
    cpu = read_cpu(proc=root / "proc", sysfs=root / "sys", machine="x86_64")
    assert (cpu.model, cpu.cores, cpu.architecture) == ("Intel(R) Xeon(R) Platinum 8480+", 16, "x86_64")
    assert cpu.isa == ("avx", "avx2", "avx512f", "amx_tile", "amx_bf16")
    assert (cpu.memory_total_bytes, cpu.memory_free_bytes) == (64 * GIB, 32 * GIB)


def test_a_system_that_says_nothing(tmp_path: Path) -> None:
    cpu = read_cpu(proc=tmp_path, sysfs=tmp_path, machine="aarch64")
    assert (cpu.model, cpu.cores, cpu.isa, cpu.memory_total_bytes, cpu.memory_free_bytes) == (
        None,
        None,
        (),
        None,
        None,
    )


def test_arm_has_features_instead_of_flags(tmp_path: Path, write_tree: Tree) -> None:
    root = write_tree(tmp_path, {"proc/cpuinfo": "processor : 0\nFeatures : fp asimd asimddp sve i8mm bf16\n"})
    assert read_cpu(proc=root / "proc", sysfs=root, machine="aarch64").isa == (
        "asimd",
        "asimddp",
        "bf16",
        "i8mm",
        "sve",
    )


@pytest.mark.parametrize(
    "group",
    [
        # version 2, on the host: the limit is set above our own group
        {"proc/self/cgroup": "0::/user.slice/app\n", "sys/fs/cgroup/user.slice/app/memory.max": "max\n",
         "sys/fs/cgroup/user.slice/memory.max": str(8 * GIB), "sys/fs/cgroup/user.slice/memory.current": str(3 * GIB),
         "sys/fs/cgroup/user.slice/memory.stat": f"anon 1\ninactive_file {GIB}\n",
         "sys/fs/cgroup/user.slice/cpu.max": "250000 100000\n"},
        # version 2, in a container: the root of the tree is ours
        {"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/memory.max": str(8 * GIB),
         "sys/fs/cgroup/memory.current": str(3 * GIB), "sys/fs/cgroup/memory.stat": f"inactive_file {GIB}\n",
         "sys/fs/cgroup/cpu.max": "300000 100000\n"},
        # version 1
        {"proc/self/cgroup": "9:memory:/job\n8:cpu,cpuacct:/job\n",
         "sys/fs/cgroup/memory/job/memory.limit_in_bytes": str(8 * GIB),
         "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
         "sys/fs/cgroup/memory/job/memory.usage_in_bytes": str(3 * GIB),
         "sys/fs/cgroup/memory/job/memory.stat": f"total_inactive_file {GIB}\n",
         "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "300000", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000"},
    ],
    ids=["v2 host", "v2 container", "v1"],
)  # fmt: skip
def test_limits_of_a_cgroup(tmp_path: Path, write_tree: Tree, group: dict[str, str]) -> None:
    root = write_tree(tmp_path, HOST | group)
    cpu = read_cpu(proc=root / "proc", sysfs=root / "sys", machine="x86_64")
    assert (cpu.cores, cpu.memory_total_bytes, cpu.memory_free_bytes) == (3, 8 * GIB, 6 * GIB)


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-3,8", 5), ("", None), ("a-b", None)])
def test_lists_of_cpus(text: str, count: int | None) -> None:
    assert parse_cpu_list(text) == count


def test_meminfo_skips_what_has_no_number() -> None:
    assert parse_meminfo("MemTotal: 4 kB\nHugePages_Total: 0\nodd\n") == {"MemTotal": 4096, "HugePages_Total": 0}
