"""Machines that are described: names, counts, memory, files, and what is said about a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelscan.errors import GpuNotFound, ModelscanError, Usage
from modelscan.hardware.described import describe_hardware
from modelscan.hardware.gpu_table import GpuFacts, facts_for, gpu_keys, known_names, parse_gpu_table, slug
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Cpu, Gpu, GpuProcess, Hardware
from modelscan.storage.documents import to_document
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB

Table = tuple[GpuFacts, ...]
TABLE = parse_gpu_table(shipped_text("gpus.csv"))


def test_every_gpu_is_the_first_match_of_the_name_it_reports(gpu_table: Table) -> None:
    assert [facts.name for facts in gpu_table if facts_for(facts.reported_name, gpu_table) is not facts] == []


def test_every_gpu_can_be_described_by_its_names(gpu_table: Table) -> None:
    for facts, known in zip(gpu_table, known_names(gpu_table), strict=True):
        for name in (facts.name, facts.reported_name, known, *facts.aliases):
            machine = describe_hardware(name, gpu_table)
            assert {gpu.name for gpu in machine.devices} == {facts.reported_name}, name
            assert len(machine.devices) == facts.devices


def test_no_key_names_two_gpus(gpu_table: Table) -> None:
    keys = [key for facts in gpu_table for key in gpu_keys(facts)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("spec", "count", "name", "gib", "link"),
    [
        ("rtx-4090", 1, "NVIDIA GeForce RTX 4090", 23.99, None),
        ("RTX4090", 1, "NVIDIA GeForce RTX 4090", 23.99, None),
        ("4090", 1, "NVIDIA GeForce RTX 4090", 23.99, None),
        ("2x rtx-4090", 2, "NVIDIA GeForce RTX 4090", 23.99, "pcie"),
        ("8xh100-80gb", 8, "NVIDIA H100 80GB HBM3", 79.65, "nvlink"),
        ("h100-80gb*8", 8, "NVIDIA H100 80GB HBM3", 79.65, "nvlink"),
        ("h100-94gb", 1, "NVIDIA H100 NVL", 93.58, None),
        ("4xmi300x", 4, "AMD Instinct MI300X", 191.98, "xgmi"),
        ("mi250x", 2, "AMD Instinct MI250X", 64.0, "xgmi"),
        ("a10", 1, "NVIDIA A10", 22.5, None),
        ("l40s-48gb", 1, "NVIDIA L40S", 44.99, None),
        ("rtx-4060-ti-8gb", 1, "NVIDIA GeForce RTX 4060 Ti", 8.0, None),
        ("rtx-4090-48gb", 1, "NVIDIA GeForce RTX 4090", 48.0, None),
        ("gb10", 1, "NVIDIA GB10", 119.0, None),
        ("DGX Spark", 1, "NVIDIA GB10", 119.0, None),
        ("2 x 3090", 2, "NVIDIA GeForce RTX 3090", 24.0, "pcie"),
        ("3090x2", 2, "NVIDIA GeForce RTX 3090", 24.0, "pcie"),
        ("3090*2", 2, "NVIDIA GeForce RTX 3090", 24.0, "pcie"),
        ("2\u00d73090", 2, "NVIDIA GeForce RTX 3090", 24.0, "pcie"),
        ("2 3090", 2, "NVIDIA GeForce RTX 3090", 24.0, "pcie"),
        ("H100x8", 8, "NVIDIA H100 80GB HBM3", 79.65, "nvlink"),
        ("H100-SXM5-80GB", 1, "NVIDIA H100 80GB HBM3", 79.65, None),
        ("A100 40GB PCIe", 1, "NVIDIA A100-PCIE-40GB", 40.0, None),
        ("7900xtx", 1, "AMD Radeon RX 7900 XTX", 24.0, None),  # not 7900 of them
        ("9070 xt", 1, "AMD Radeon RX 9070 XT", 16.0, None),
        ("rtx6000ada", 1, "NVIDIA RTX 6000 Ada Generation", 48.0, None),
        ("rtx pro 6000 blackwell", 1, "NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 95.59, None),
        ("4070tisuper", 1, "NVIDIA GeForce RTX 4070 Ti SUPER", 16.0, None),
        ("4080s", 1, "NVIDIA GeForce RTX 4080 SUPER", 16.0, None),
        ("4090 laptop", 1, "NVIDIA GeForce RTX 4090 Laptop GPU", 16.0, None),
        ("3080 12gb", 1, "NVIDIA GeForce RTX 3080", 12.0, None),  # and not the 3080 Ti, which has as much
        ("2080ti 22gb", 1, "NVIDIA GeForce RTX 2080 Ti", 22.0, None),
        ("ryzen ai max+ 395", 1, "AMD Radeon 8060S Graphics", 96.0, None),
        ("k80", 2, "Tesla K80", 11.17, "pcie"),
    ],
)
def test_what_a_description_means(spec: str, count: int, name: str, gib: float, link: str | None) -> None:
    machine = describe_hardware(spec, TABLE)
    assert [gpu.index for gpu in machine.devices] == list(range(count))
    gpu = machine.devices[0]
    assert (gpu.name, round((gpu.memory_total_bytes or 0) / GIB, 2), machine.interconnect) == (name, gib, link)
    assert gpu.memory_free_bytes == gpu.memory_usable_bytes


@pytest.mark.parametrize(
    ("printed", "name", "bandwidth"),
    [
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "RTX 4090 Laptop", 576),  # not a desktop's 1008
        ("NVIDIA GeForce RTX 3060 Laptop GPU", "RTX 3060 Laptop", 336),
        ("NVIDIA GeForce RTX 5090 D", "RTX 5090 D", 1792),
        ("NVIDIA H20-3e", "H20-3e", 4800),
        ("Tesla V100S-PCIE-32GB", "Tesla V100S PCIe 32GB", 1134),
        ("NVIDIA A800 80GB PCIe", "A800 80GB PCIe", 1935),
        ("NVIDIA GH200 144G HBM3e", "GH200 144GB", 4900),
        ("GeForce RTX 2080 Ti", "RTX 2080 Ti", 616),  # as drivers before 495 print it
        ("NVIDIA RTX A2000", "RTX A2000 12GB", 288),
    ],
)
def test_a_name_as_a_driver_prints_it_is_the_right_gpu(
    gpu_table: Table, printed: str, name: str, bandwidth: float
) -> None:
    facts = facts_for(printed, gpu_table)
    assert facts is not None
    assert (facts.name, facts.bandwidth_gb_s) == (name, bandwidth)


def test_what_a_process_can_have_is_measured_where_somebody_has(gpu_table: Table) -> None:
    (h200,) = describe_hardware("h200", gpu_table).devices
    assert round((h200.memory_usable_bytes or 0) / GIB, 2) == 139.72


@pytest.mark.parametrize(
    ("total", "seen"), [(15, 14.56), (24, 23.58), (40, 39.38), (80, 79.15), (79.65, 79.11), (140.4, 139.72)]
)
def test_the_rule_for_the_rest_promises_at_most_what_was_seen(total: float, seen: float) -> None:
    usable = (usable_bytes(round(total * GIB), "nvidia") or 0) / GIB
    assert seen - 0.35 < usable <= seen


def test_a_cpu() -> None:
    machine = describe_hardware("cpu:64gb", TABLE)
    assert machine == Hardware(cpu=Cpu(memory_total_bytes=64 * GIB, memory_free_bytes=64 * GIB))


@pytest.mark.parametrize(
    ("spec", "gpus", "gib"),
    [
        ("rtx-4090+512gib-ram", 1, 512),
        ("2xrtx-3090 + 64GB RAM", 2, 64),
        ("8xh100-80gb+2tib-ram", 8, 2048),
        ("24gb+96gb-ram", 1, 96),
    ],
)
def test_the_hosts_memory_behind_gpus(spec: str, gpus: int, gib: int) -> None:
    found = describe_hardware(spec, TABLE)
    assert (len(found.devices), found.cpu.memory_total_bytes, found.cpu.memory_free_bytes) == (
        gpus,
        gib * GIB,
        gib * GIB,
    )


@pytest.mark.parametrize(
    ("spec", "error", "message", "hint"),
    [
        ("cpu:64gb+32gb-ram", Usage, "`cpu:64gb+32gb-ram` names the host's memory twice", None),
        ("rtx-4090+lots-ram", GpuNotFound, "`lots-ram` is not a known GPU", None),
        ("rtx-9090", GpuNotFound, "`rtx-9090` is not a known GPU", "did you mean `rtx-5090` or `rtx-4090` or `rtx-3090`?"),
        ("a100", GpuNotFound, "`a100` matches several GPUs: `a100-40gb`, `a100-40gb-pcie`, `a100-80gb`, `a100-80gb-pcie`", "choose one: --hardware a100-40gb"),
        ("mi300", GpuNotFound, "`mi300` matches several GPUs: `mi300a`, `mi300x`", "choose one: --hardware mi300a"),
        ("m300", GpuNotFound, "`m300` is not a known GPU", "did you mean `mi300x` or `mi300a` or `b300`?"),
        ("cpu:64", Usage, "`cpu:64` is missing the unit", "use, for example, `cpu:64gb`"),
        ("0xh100", Usage, "`0xh100` has 0 GPUs; the number must be between 1 and 1024", None),
        ("2xh100*2", Usage, "`2xh100*2` does not describe hardware", None),
        ("cpu", Usage, "`cpu` is missing the amount of memory", "use, for example, `cpu:64gb`"),
        ("cpu:many", Usage, "`many` is not a size", None),
        (" ", Usage, "the hardware description is empty", None),
        ("./nowhere.json", Usage, "cannot read the hardware file `nowhere.json`", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(spec: str, error: type[ModelscanError], message: str, hint: str | None) -> None:
    with pytest.raises(error) as raised:
        describe_hardware(spec, TABLE)
    assert raised.value.message == message
    assert hint is None or raised.value.hints[0] == hint


def test_a_file_of_gpu_json_comes_back_the_same(tmp_path: Path) -> None:
    machine = Hardware(
        devices=(
            Gpu(index=0, uuid="GPU-1", name="NVIDIA L4", memory_total_bytes=24 * GIB, memory_usable_bytes=23 * GIB,
                memory_free_bytes=5 * GIB, compute_capability="8.9", mig=False, integrated=False,
                processes=(GpuProcess(pid=7, memory_bytes=None),)),
            Gpu(index=3, vendor="amd", gfx_target="gfx942", memory_usable_bytes=1),
        ),
        driver_version="580.1", cuda_version="13.0", interconnect="pcie",
        cpu=Cpu(model="x", cores=4, isa=("avx2",), memory_total_bytes=1, memory_free_bytes=0), warnings=("careful",),
    )  # fmt: skip
    path = tmp_path / "machine.json"
    path.write_text(json.dumps(to_document(machine)), encoding="utf-8")
    assert describe_hardware(str(path), TABLE) == machine


def test_what_a_file_leaves_out_is_unknown_but_for_what_follows(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps({"devices": [{"name": "X", "memory_total_bytes": 24 * GIB}, {}]}), encoding="utf-8")
    first, second = describe_hardware(str(path), TABLE).devices
    assert (first.index, second.index, second.memory_total_bytes, second.memory_usable_bytes) == (0, 1, None, None)
    assert first.memory_usable_bytes == usable_bytes(24 * GIB, "nvidia")
    assert (first.memory_free_bytes, first.compute_capability) == (None, None)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", "3", '{"devices": 1}', '{"devices": ["a"]}', '{"devices": [{"memory_total_bytes": "24G"}]}',
                '{"devices": [{"memory_free_bytes": -1}]}', '{"cpu": 4}', '{"devices": [{"processes": [1]}]}'],
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Usage):
        describe_hardware(str(path), TABLE)


@given(st.text(max_size=30))
@example("~nobody-of-this-name")
@example("./\0")
@example("x" * 5000)
def test_any_text_is_answered_or_refused(text: str) -> None:
    try:
        machine = describe_hardware(text, TABLE)
    except (Usage, GpuNotFound):
        return
    assert machine.devices or machine.cpu.memory_total_bytes is not None


@given(count=st.integers(1, 64), place=st.integers(0, len(TABLE) - 1), before=st.booleans())
def test_counts_before_and_after(count: int, place: int, before: bool) -> None:
    name = known_names(TABLE)[place]
    machine = describe_hardware(f"{count}x{name}" if before else f"{name}*{count}", TABLE)
    assert len(machine.devices) == count * TABLE[place].devices


@given(st.text(max_size=20))
def test_a_slug_is_its_own_slug(text: str) -> None:
    assert slug(slug(text)) == slug(text)


@pytest.mark.parametrize(("spec", "count", "gib"), [("12gb", 1, 12), ("2x24gb", 2, 24), ("80 GB", 1, 80)])
def test_memory_alone_describes_the_least_capable_gpu_of_that_size(spec: str, count: int, gib: int) -> None:
    devices = describe_hardware(spec, TABLE).devices
    assert len(devices) == count
    assert {round((device.memory_total_bytes or 0) / GIB) for device in devices} == {gib}
    assert {(device.compute_capability or "")[:2] for device in devices} == {"8."}


def test_memory_that_no_gpu_has_is_refused() -> None:
    with pytest.raises(GpuNotFound) as caught:
        describe_hardware("5000gb", TABLE)
    assert caught.value.message == "no GPU is known with 5000 GB of memory"


@pytest.mark.parametrize(
    ("spec", "memory"),
    [("rtx-3090+rtx-5090", [24, 32]), ("2x3090 + rtx-4090 + 64gib-ram", [24, 24, 24]), ("rtx-3090+rtx-3090", [24, 24])],
)
def test_unlike_gpus_in_one_machine(spec: str, memory: list[int]) -> None:
    found = describe_hardware(spec, TABLE)
    assert [gpu.index for gpu in found.devices] == list(range(len(memory)))
    assert [round((gpu.memory_total_bytes or 0) / GIB) for gpu in found.devices] == memory
    assert found.interconnect == "pcie"


@pytest.mark.parametrize("spec", ["rtx-4090+", "+rtx-4090", "rtx-4090+mi300x", "rtx-4090+cpu:8gb", "600x4090+600x3090"])
def test_what_is_no_machine_of_several_gpus(spec: str) -> None:
    with pytest.raises((Usage, GpuNotFound)):
        describe_hardware(spec, TABLE)
