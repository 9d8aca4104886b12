"""A GPU that is there and cannot be used: every command that reads the machine says so, none plans it as a CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan

from modelscan.hardware.nvidia.read import _library_there

pytestmark = pytest.mark.skipif(_library_there(), reason="this machine has an NVIDIA driver")

MISMATCH = """#!/bin/sh
echo "Failed to initialize NVML: Driver/library version mismatch"
exit 18
"""
REBOOT = "the NVIDIA driver was updated while the old version is still loaded; reboot"


def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    program = tmp_path / "tools" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_a_driver_that_needs_a_reboot_is_no_cpu(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan
) -> None:
    tool(tmp_path, monkeypatch, "nvidia-smi", MISMATCH)
    seen = modelscan("gpu")
    assert "No GPU can be used." in seen.stdout
    assert REBOOT in seen.stderr
    for command in ("plan", "deploy"):
        refused = modelscan(command, "demo", "--json")
        assert (refused.status, refused.error["code"]) == (4, "no_fit")
        assert refused.error["details"]["cause"] == [f"no GPU of this machine can be used: {REBOOT}"]
        plan = refused.error["details"]["plan"]
        assert plan["hardware"]["faults"] == plan["hardware"]["warnings"] == [REBOOT]
        assert [item["code"] for item in plan["rejected"]] == ["gpu_unusable"]
        assert refused.error["hints"] == [
            "see what is wrong: modelscan gpu",
            "or run on the CPU: modelscan plan demo --gpu none",
        ]


def test_gpu_none_says_that_the_cpu_is_meant(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan
) -> None:
    tool(tmp_path, monkeypatch, "nvidia-smi", MISMATCH)
    planned = modelscan("plan", "demo", "--gpu", "none", "--json")
    assert planned.status == 0
    assert planned.json["chosen"]["gpu_indices"] == []
    assert REBOOT not in planned.stderr


def test_a_mask_that_hides_every_gpu_is_named_by_the_plan(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan
) -> None:
    row = "0, GPU-1, NVIDIA L4, 23034, 23000, 580.1, 00000000:01:00.0, 8.9, [N/A]"
    tool(tmp_path, monkeypatch, "nvidia-smi", f"#!/bin/sh\necho '{row}'\n")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    refused = modelscan("plan", "demo")
    assert refused.status == 4
    assert (
        "`CUDA_VISIBLE_DEVICES=-1` hides the GPU of this machine; to use it: unset CUDA_VISIBLE_DEVICES"
        in refused.stderr
    )


def test_the_other_gpus_are_planned_and_the_lost_one_is_said(tmp_path: Path, home: Path, modelscan: Modelscan) -> None:
    lost = "GPU 1 fell off the bus; reboot, or see: nvidia-smi -q -i 1"
    machine = tmp_path / "machine.json"
    machine.write_text(
        '{"devices": [{"name": "NVIDIA L4", "memory_total_bytes": 24152899584, "compute_capability": "8.9"}],'
        f' "warnings": ["{lost}"], "faults": ["{lost}"]}}',
        encoding="utf-8",
    )
    planned = modelscan("plan", "demo", "--hardware", str(machine))
    assert planned.status == 0
    assert lost in planned.stderr


def test_the_build_that_is_installed_instead_is_said(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan
) -> None:
    tool(tmp_path, monkeypatch, "nvidia-smi", MISMATCH)
    refused = modelscan("backend", "install", "sglang")
    assert refused.status == 7
    said = " ".join(refused.stderr.split())
    assert f"no GPU of this machine can be used, so this is the CPU's build: {REBOOT}" in said
