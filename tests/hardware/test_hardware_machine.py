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


def test_a_probe_that_hangs_is_left_behind() -> None:
    started = time.monotonic()
    found = within(0.05, lambda: time.sleep(2) or Detected(), what="the NVIDIA driver")
    assert time.monotonic() - started < 1
    assert found.warnings == (
        "the NVIDIA driver did not respond within 0.05 s; if this persists, the driver hangs: reboot",
    )
