"""The machine as a whole: no GPU is normal, nothing raises, nothing waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelscan.hardware.machine import read_hardware
from modelscan.hardware.nvidia.read import _library_there
from modelscan.hardware.pci import display_vendors
from modelscan.hardware.probe import Detected, within
from modelscan.model import Cpu
from modelscan.system.processes.run import Completed

Tree = Callable[[Path, Mapping[str, str]], Path]
Tools = Callable[..., Any]

without_driver = pytest.mark.skipif(_library_there(), reason="this machine has an NVIDIA driver")


@without_driver
def test_a_machine_without_a_gpu_has_no_warning(tmp_path: Path, fake_tools: Tools) -> None:
    machine = read_hardware(environ={}, run=fake_tools(), sysfs=tmp_path, proc=tmp_path)
    assert (machine.devices, machine.warnings, machine.interconnect) == ((), (), None)
    assert machine.cpu.memory_total_bytes is None
    assert isinstance(machine.cpu, Cpu)


@without_driver
def test_a_gpu_on_the_bus_without_its_driver_is_said(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    write_tree(
        tmp_path,
        {
            "bus/pci/devices/0000:01:00.0/class": "0x030200\n",
            "bus/pci/devices/0000:01:00.0/vendor": "0x10de\n",
            "bus/pci/devices/0000:01:00.1/class": "0x040300\n",
            "bus/pci/devices/0000:01:00.1/vendor": "0x1002\n",
        },
    )
    assert display_vendors(tmp_path) == {"nvidia"}
    machine = read_hardware(environ={}, run=fake_tools(), sysfs=tmp_path, proc=tmp_path)
    assert machine.warnings == (
        "the NVIDIA driver is missing its library libnvidia-ml.so.1; install the driver, or start the container with --gpus all",
    )


@without_driver
def test_the_tool_is_asked_when_the_library_is_missing(tmp_path: Path, fake_tools: Tools) -> None:
    tools = fake_tools({"nvidia-smi ": "0, GPU-1, NVIDIA L4, 23034, 23000, 580.1, 00000000:01:00.0, 8.9, [N/A]\n"})
    machine = read_hardware(environ={}, run=tools, sysfs=tmp_path, proc=tmp_path)
    assert [gpu.name for gpu in machine.devices] == ["NVIDIA L4"]
    assert (machine.driver_version, machine.warnings) == ("580.1", ())


@without_driver
def test_a_tool_that_fails_tells_of_a_gpu_that_cannot_be_used(tmp_path: Path, fake_tools: Tools) -> None:
    mismatch = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.159\n"
    machine = read_hardware(
        environ={}, run=fake_tools({"nvidia-smi ": Completed(18, mismatch)}), sysfs=tmp_path, proc=tmp_path
    )
    assert machine.devices == ()
    assert machine.faults == ("the NVIDIA driver was updated while the old version is still loaded; reboot",)
    assert machine.warnings == machine.faults


@without_driver
@pytest.mark.parametrize(
    ("tool", "answer", "fault"),
    [
        ("nvidia-smi", Completed(0, "\x1b[31mSegfault\x1b[0m\n"), "`nvidia-smi` lists no GPU that modelscan can read (status 0): [31mSegfault[0m"),
        ("nvidia-smi", Completed(0, ""), "`nvidia-smi` lists no GPU that modelscan can read (status 0): it prints nothing"),
        ("nvidia-smi", Completed(None, problem="`nvidia-smi` did not answer within 10 s"), "`nvidia-smi` did not answer within 10 s; if this persists, the driver hangs: reboot"),
        ("rocm-smi", Completed(1, "", "Traceback (most recent call last):"), "`rocm-smi` lists no GPU that modelscan can read (status 1): Traceback (most recent call last):"),
    ],
)  # fmt: skip
def test_a_tool_that_prints_garbage_is_not_silence(
    tmp_path: Path, fake_tools: Tools, tool: str, answer: Completed, fault: str
) -> None:
    machine = read_hardware(environ={}, run=fake_tools({f"{tool} ": answer}), sysfs=tmp_path, proc=tmp_path)
    assert machine.faults == (fault,)


@without_driver
@pytest.mark.parametrize(
    ("tool", "output"),
    [
        ("nvidia-smi", "No devices were found"),
        ("nvidia-smi", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."),
        ("rocm-smi", "ERROR:root:Driver not initialized (amdgpu not found in modules)"),
        ("amd-smi", "{}"),
    ],
)
def test_a_tool_that_finds_nothing_where_there_is_nothing_is_no_fault(
    tmp_path: Path, fake_tools: Tools, tool: str, output: str
) -> None:
    machine = read_hardware(
        environ={}, run=fake_tools({f"{tool} ": Completed(9, output)}), sysfs=tmp_path, proc=tmp_path
    )
    assert (machine.faults, machine.warnings) == ((), ())


@without_driver
def test_an_accelerator_on_the_bus_that_nothing_lists(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    write_tree(
        tmp_path,
        {"bus/pci/devices/0000:c1:00.0/class": "0x120000\n", "bus/pci/devices/0000:c1:00.0/vendor": "0x1002\n"},
    )
    (fault,) = read_hardware(environ={}, run=fake_tools(), sysfs=tmp_path, proc=tmp_path).faults
    assert fault.startswith("an AMD GPU is on the PCI bus, but neither the amdgpu driver nor ROCm's tools list it")


@without_driver
def test_masks_that_leave_no_gpu_are_a_fault_and_others_are_none(tmp_path: Path, fake_tools: Tools) -> None:
    tools = fake_tools({"nvidia-smi ": "0, GPU-1, NVIDIA L4, 23034, 23000, 580.1, 00000000:01:00.0, 8.9, [N/A]\n"})
    hidden = read_hardware(environ={"CUDA_VISIBLE_DEVICES": "7"}, run=tools, sysfs=tmp_path, proc=tmp_path)
    assert hidden.faults == (
        "`CUDA_VISIBLE_DEVICES=7` hides the GPU of this machine; to use it: unset CUDA_VISIBLE_DEVICES",
    )
    narrowed = read_hardware(environ={"CUDA_VISIBLE_DEVICES": "0,7"}, run=tools, sysfs=tmp_path, proc=tmp_path)
    assert (len(narrowed.devices), narrowed.faults, len(narrowed.warnings)) == (1, (), 1)


def test_a_probe_that_hangs_is_left_behind() -> None:
    started = time.monotonic()
    found = within(0.05, lambda: time.sleep(2) or Detected(), what="the NVIDIA driver")
    assert time.monotonic() - started < 1
    assert found.faults == (
        "the NVIDIA driver did not respond within 0.05 s; if this persists, the driver hangs: reboot",
    )
