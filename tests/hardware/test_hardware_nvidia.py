"""NVIDIA: the real pynvml on a fake driver library, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modelscan.hardware.nvidia.drivers import cuda_of
from modelscan.hardware.nvidia.smi import parse_nvidia_smi, read_nvidia_smi
from modelscan.system.processes.run import Completed
from modelscan.units import GIB, MIB

Read = Callable[..., dict[str, Any]]

H100 = """gpu
name NVIDIA H100 80GB HBM3
total 85520809984
reserved 577765376
cc 9.0
migmode 0
"""
TWO_H100 = (
    "driver 580.95.05\ncuda 13000\n"
    + H100
    + "nvlink 1\nused 21474836480\nprocess 4242:21474836480\nprocess 77:-1\n"
    + H100
    + "nvlink 0\n"
)


def test_everything_of_two_linked_gpus(read_with_nvml: Read) -> None:
    machine = read_with_nvml(TWO_H100)
    assert machine["devices"][0] == {
        "index": 0,
        "uuid": "GPU-00000000-0000-0000-0000-000000000000",
        "vendor": "nvidia",
        "name": "NVIDIA H100 80GB HBM3",
        "memory_total_bytes": 85520809984,
        "memory_usable_bytes": 85520809984 - 577765376,
        "memory_free_bytes": 85520809984 - 577765376 - 20 * GIB,
        "compute_capability": "9.0",
        "gfx_target": None,
        "pci_bus_id": "0000:01:00.0",
        "mig": False,
        "mig_index": None,
        "integrated": False,
        "ecc": None,
        "numa_node": None,
        "power_limit_watts": None,
        "power_default_watts": None,
        "processes": [{"pid": 4242, "memory_bytes": 20 * GIB}, {"pid": 77, "memory_bytes": None}],
    }
    assert [gpu["index"] for gpu in machine["devices"]] == [0, 1]
    assert (machine["driver_version"], machine["cuda_version"]) == ("580.95.05", "13.0")
    assert machine["interconnect"] == "nvlink"
    assert machine["warnings"] == []


def test_a_power_limit_is_read(read_with_nvml: Read) -> None:
    (gpu,) = read_with_nvml(H100 + "power 450000,700000\n")["devices"]
    assert (gpu["power_limit_watts"], gpu["power_default_watts"]) == (450, 700)


def test_one_pair_without_a_link_makes_it_pcie(read_with_nvml: Read) -> None:
    assert read_with_nvml(H100 + "nvlink 1\n" + H100 + "nvlink 0\n" + H100)["interconnect"] == "pcie"


def test_one_bad_gpu_does_not_hide_the_others(read_with_nvml: Read) -> None:
    machine = read_with_nvml(H100 + H100 + "fail nvmlDeviceGetHandleByIndex_v2=15\n" + H100)
    assert [gpu["index"] for gpu in machine["devices"]] == [0, 2]
    assert machine["warnings"] == ["GPU 1 fell off the bus; reboot, or see: nvidia-smi -q -i 1"]
    assert machine["faults"] == machine["warnings"]


@pytest.mark.parametrize(
    "function",
    ["nvmlDeviceGetName", "nvmlDeviceGetCudaComputeCapability", "nvmlDeviceGetUUID", "nvmlDeviceGetMigMode",
     "nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetMemoryInfo_v2"],
)  # fmt: skip
def test_what_a_card_cannot_say_is_unknown_and_the_rest_stands(read_with_nvml: Read, function: str) -> None:
    (gpu,) = read_with_nvml(H100 + f"fail {function}=3\n")["devices"]
    assert gpu["memory_total_bytes"] == 85520809984
    assert 78 * GIB < gpu["memory_usable_bytes"] < 79.3 * GIB


def test_slices_stand_in_place_of_the_gpu_that_is_cut_up(read_with_nvml: Read) -> None:
    machine = read_with_nvml(
        "gpu\nname NVIDIA A100-SXM4-40GB\ntotal 42949672960\ncc 8.0\nmigmode 1\n"
        "mig\nname NVIDIA A100-SXM4-40GB MIG 3g.20gb\ntotal 20937965568\n"
        "mig\nname NVIDIA A100-SXM4-40GB MIG 3g.20gb\ntotal 20937965568\nused 10737418240\n"
    )
    assert [(gpu["index"], gpu["uuid"][:12], gpu["mig"], gpu["compute_capability"]) for gpu in machine["devices"]] == [
        (0, "MIG-00000000", True, "8.0"),
        (0, "MIG-00000000", True, "8.0"),
    ]
    assert [gpu["mig_index"] for gpu in machine["devices"]] == [0, 1]
    assert machine["devices"][1]["memory_free_bytes"] == 20937965568 - 10 * GIB


def test_mig_without_instances_says_what_to_do(read_with_nvml: Read) -> None:
    machine = read_with_nvml(H100.replace("migmode 0", "migmode 1"))
    assert machine["devices"] == []
    assert machine["warnings"] == [
        "GPU 0 is in MIG mode but has no instances; create one (sudo nvidia-smi mig -cgi 0 -C -i 0) or disable the mode (sudo nvidia-smi -i 0 -mig 0)"
    ]


def test_unified_memory_is_the_hosts(read_with_nvml: Read) -> None:
    machine = read_with_nvml(
        "gpu\nname NVIDIA GB10\ncc 12.1\nprocess 999:-1\n",
        meminfo="MemTotal:       125000000 kB\nMemAvailable:   100000000 kB\n",
    )
    (gpu,) = machine["devices"]
    assert (gpu["integrated"], gpu["memory_total_bytes"], gpu["memory_usable_bytes"], gpu["memory_free_bytes"]) == (
        True, 128_000_000_000, 128_000_000_000, 102_400_000_000,
    )  # fmt: skip


def test_of_unified_memory_free_is_what_the_kernel_calls_available(read_with_nvml: Read) -> None:
    """Where NVML knows the size, it counts the page cache as used."""
    machine = read_with_nvml(
        "gpu\nname NVIDIA Thor\ntotal 128000000000\nused 90000000000\ncc 11.0\n",
        meminfo="MemTotal:       125000000 kB\nMemFree: 2000000 kB\nMemAvailable:   100000000 kB\n",
    )
    (gpu,) = machine["devices"]
    assert (gpu["memory_total_bytes"], gpu["memory_free_bytes"]) == (128_000_000_000, 102_400_000_000)


@pytest.mark.parametrize(
    ("number", "warning"),
    [
        (18, "the NVIDIA driver was updated while the old version is still loaded; reboot"),
        (
            999,
            "the NVIDIA driver reports an unknown error; a container may have lost access to its GPU: restart it",
        ),
        (
            4,
            "the NVIDIA driver denies this user access; join the group that owns /dev/nvidia*, or ask the administrator",
        ),
    ],
)
def test_a_driver_that_fails_is_a_warning_with_advice(read_with_nvml: Read, number: int, warning: str) -> None:
    machine = read_with_nvml(f"init {number}\n")
    assert (machine["devices"], machine["warnings"], machine["faults"]) == ([], [warning], [warning])


def test_a_leftover_library_without_a_gpu_is_no_problem(read_with_nvml: Read) -> None:
    machine = read_with_nvml("init 9\n")
    assert (machine["devices"], machine["warnings"]) == ([], [])


def test_visibility_narrows_and_keeps_the_physical_index(read_with_nvml: Read) -> None:
    machine = read_with_nvml(TWO_H100, {"CUDA_VISIBLE_DEVICES": "1"})
    assert [gpu["index"] for gpu in machine["devices"]] == [1]
    assert machine["interconnect"] is None


QUERY = "nvidia-smi --query-gpu=index,uuid,name,memory.total,memory.free,driver_version,pci.bus_id"
UNKNOWN_FIELD = Completed(2, stderr='Field "mig.mode.current" is not a valid field to query.')


def test_the_tool_makes_up_for_a_missing_library(fake_tools: Callable[..., Any]) -> None:
    line = "0, GPU-1, NVIDIA GeForce RTX 4090, 24564, 23000, 550.54.14, 00000000:01:00.0, 8.9, [N/A]\n"
    found = read_nvidia_smi(environ={}, run=fake_tools({"nvidia-smi ": line}))
    (gpu,) = found.devices
    assert (gpu.memory_total_bytes, gpu.memory_free_bytes) == (24564 * MIB, 23000 * MIB)
    assert (gpu.name, gpu.compute_capability, gpu.pci_bus_id) == ("NVIDIA GeForce RTX 4090", "8.9", "0000:01:00.0")
    assert (found.driver_version, found.cuda_version, gpu.mig) == ("550.54.14", "12.4", None)


def test_a_tool_that_does_not_know_a_field_is_asked_for_less(fake_tools: Callable[..., Any]) -> None:
    tools = fake_tools({
        f"{QUERY},compute_cap": UNKNOWN_FIELD,
        f"{QUERY} ": "0, GPU-1, GeForce GTX 1660 Ti, 5944, 5900, 430.64, 00000000:01:00.0\n",
    })  # fmt: skip
    found = read_nvidia_smi(environ={}, run=tools)
    (gpu,) = found.devices
    assert (gpu.name, gpu.compute_capability, found.cuda_version) == ("GeForce GTX 1660 Ti", None, None)
    assert len(tools.asked) == 3


def test_a_tool_that_hangs_is_asked_once(fake_tools: Callable[..., Any]) -> None:
    tools = fake_tools({"nvidia-smi ": Completed(None, problem="ran out of time")})
    assert not read_nvidia_smi(environ={}, run=tools).answered
    assert [argv[0] for argv in tools.asked] == ["nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"]


def test_slices_by_the_tool_stand_in_place_of_the_gpu(fake_tools: Callable[..., Any]) -> None:
    """`nvidia-smi -L` of NVIDIA's MIG user guide (driver 570); GPU 1 is not cut up."""
    tools = fake_tools({
        QUERY: "0, GPU-c08d91cb, NVIDIA H100 80GB HBM3, 81559, 81000, 580.65.06, 00000000:04:00.0, 9.0, Enabled\n"
        "1, GPU-2, NVIDIA H100 80GB HBM3, 81559, 81000, 580.65.06, 00000000:05:00.0, 9.0, Disabled\n"
        "2, GPU-3, NVIDIA H100 80GB HBM3, 81559, 81000, 580.65.06, 00000000:06:00.0, 9.0, Enabled\n",
        "nvidia-smi -L": "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-c08d91cb-e324-655c-71ba-7570956445bc)\n"
        "  MIG 1c.3g.40gb  Device  0: (UUID: MIG-c788539f-c1ea-5a36-8b4d-9b07d024b1bb)\n"
        "  MIG 1g.10gb     Device  3: (UUID: MIG-b4b2228d-6933-5839-bc0e-41ab9edb61c6)\n"
        "GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-2)\nGPU 2: NVIDIA H100 80GB HBM3 (UUID: GPU-3)\n",
    })  # fmt: skip
    found = read_nvidia_smi(environ={}, run=tools)
    assert [(gpu.index, gpu.mig, gpu.mig_index, (gpu.uuid or "")[:12]) for gpu in found.devices] == [
        (0, True, 0, "MIG-c788539f"), (0, True, 3, "MIG-b4b2228d"), (1, False, None, "GPU-2"),
    ]  # fmt: skip
    assert [round((gpu.memory_total_bytes or 0) / 1024**3, 1) for gpu in found.devices] == [38.0, 9.5, 79.6]
    (warning,) = found.faults
    assert warning == (
        "GPU 2 is in MIG mode but has no instances; create one (sudo nvidia-smi mig -cgi 0 -C -i 2)"
        " or disable the mode (sudo nvidia-smi -i 2 -mig 0)"
    )


def test_unified_memory_by_the_tool_is_the_hosts(fake_tools: Callable[..., Any]) -> None:
    line = "0, GPU-1, NVIDIA GB10, [N/A], [N/A], 580.95.05, 0000000F:01:00.0, 12.1, [N/A]\n"
    tools = fake_tools({"nvidia-smi ": line})
    (gpu,) = read_nvidia_smi(environ={}, run=tools, host_total=119 * MIB, host_free=100 * MIB).devices
    assert (gpu.memory_total_bytes, gpu.memory_free_bytes, gpu.integrated) == (119 * MIB, 100 * MIB, True)
    assert gpu.pci_bus_id == "000f:01:00.0"


@pytest.mark.parametrize(
    ("driver", "cuda"),
    [
        ("580.65.06", "13.0"),
        ("590.42", "13.0"),
        ("570.86.15", "12.8"),
        ("535.129.03", "12.1"),
        ("430.64", None),
        ("x", None),
    ],
)
def test_the_cuda_of_a_driver(driver: str, cuda: str | None) -> None:
    assert cuda_of(driver) == cuda


def test_fields_the_tool_does_not_know_are_unknown() -> None:
    found = parse_nvidia_smi(
        "Unable to determine the device handle\n"
        "0, GPU-1, NVIDIA GB10, [N/A], [N/A], 580.95, [Insufficient Permissions], [Not Supported]\n"
    )
    (gpu,) = found.devices
    assert (gpu.memory_total_bytes, gpu.memory_usable_bytes, gpu.compute_capability, gpu.pci_bus_id) == (
        None, None, None, None,
    )  # fmt: skip
    assert not parse_nvidia_smi("No devices were found\n").answered


def test_how_each_pair_is_joined(read_with_nvml: Read) -> None:
    machine = read_with_nvml(
        H100 + "ecc 1\nnvlink 1\np2p 1\npath 30\n" + H100 + "ecc 0\nnvlink 0\np2p 0\npath 50\n" + H100 + "p2p 9\n"
    )
    assert machine["links"] == [
        {"gpus": [0, 1], "nvlink": True, "p2p": True, "path": "host-bridge"},
        {"gpus": [0, 2], "nvlink": None, "p2p": False, "path": "host-bridge"},
        {"gpus": [1, 2], "nvlink": None, "p2p": False, "path": "system"},
    ]
    assert [gpu["ecc"] for gpu in machine["devices"]] == [True, False, None]
    assert machine["interconnect"] == "pcie"
    (warning,) = machine["warnings"]
    assert warning.startswith("GPUs 0 and 2, 1 and 2 cannot read each other's memory (P2P): ")
