"""AMD: sysfs trees, recorded rocm-smi and amd-smi output in every shape, and how they are brought together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelscan.hardware.amd.read import read_amd
from modelscan.hardware.amd.sysfs import gfx_from_kfd, read_kernel_gpus
from modelscan.hardware.amd.tools import gfx_of_rocm_smi, parse_amd_smi, parse_json, parse_rocm_smi
from modelscan.system.processes.run import Completed
from modelscan.units import GIB, MIB

Fixture = Callable[[str], str]
Tree = Callable[[Path, Mapping[str, str]], Path]
Tools = Callable[..., Any]

NODES = "class/kfd/kfd/topology/nodes"
WARNING = "WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status\n\n"


def node(gfx: int, *, minor: int, location: int, unique: int = 0, cpu_cores: int = 0) -> str:
    return (
        f"cpu_cores_count {cpu_cores}\nsimd_count 192\ngfx_target_version {gfx}\nlocation_id {location}\n"
        f"domain 0\ndrm_render_minor {minor}\nunique_id {unique}\n"
    )


def vram(minor: int, total: int, used: int, gtt: int = 0) -> dict[str, str]:
    folder = f"class/drm/renderD{minor}/device"
    return {
        f"{folder}/mem_info_vram_total": f"{total}\n",
        f"{folder}/mem_info_vram_used": f"{used}\n",
        f"{folder}/mem_info_gtt_total": f"{gtt}\n",
        f"{folder}/mem_info_gtt_used": "0\n",
    }


@pytest.mark.parametrize(
    ("value", "gfx"),
    [(110000, "gfx1100"), (90402, "gfx942"), (90010, "gfx90a"), (90008, "gfx908"), (110501, "gfx1151"),
     (120001, "gfx1201"), (90500, "gfx950"), (0, None)],
)  # fmt: skip
def test_the_kernels_number_becomes_llvms_name(value: int, gfx: str | None) -> None:
    assert gfx_from_kfd(value) == gfx


def test_the_kernel_suffices(tmp_path: Path, write_tree: Tree, fixture_text: Fixture, fake_tools: Tools) -> None:
    write_tree(
        tmp_path,
        {
            f"{NODES}/0/properties": fixture_text("kfd_cpu.txt"),
            f"{NODES}/1/properties": fixture_text("kfd_rx7900xtx.txt"),
            **vram(128, 25753026560, 1073741824),
            "module/amdgpu/version": "6.10.5\n",
        },
    )
    found = read_amd(environ={}, run=fake_tools(), sysfs=tmp_path, host_free=None, rocm=tmp_path)
    (gpu,) = found.devices
    assert (gpu.index, gpu.gfx_target, gpu.pci_bus_id) == (0, "gfx1100", "0000:03:00.0")
    assert gpu.uuid == f"GPU-{11420932837461522459:016x}"
    assert (gpu.memory_total_bytes, gpu.memory_free_bytes) == (25753026560, 25753026560 - GIB)
    assert gpu.memory_usable_bytes is not None
    assert gpu.memory_usable_bytes < 25753026560
    assert (found.driver_version, found.interconnect, found.warnings) == ("6.10.5", None, ())


def test_a_user_who_may_not_open_the_device_is_told(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    write_tree(tmp_path, {f"{NODES}/1/properties": node(120001, minor=128, location=0x0300), **vram(128, 34 * GIB, 0)})
    found = read_amd(
        environ={},
        run=fake_tools(),
        sysfs=tmp_path,
        host_free=None,
        rocm=tmp_path,
        may_open=lambda path: path.name != "kfd",
    )
    assert found.devices == ()
    (fault,) = found.faults
    assert fault.startswith(
        "this user may not open /dev/kfd, without which ROCm runs nothing; try: sudo usermod -aG render"
    )


def test_a_power_limit_is_read_from_the_sensor_that_has_it(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    sensors = "class/drm/renderD128/device/hwmon"
    write_tree(
        tmp_path,
        {
            f"{NODES}/1/properties": node(120001, minor=128, location=0x0300),
            **vram(128, 34208743424, 0),
            f"{sensors}/hwmon3/name": "other\n",
            f"{sensors}/hwmon4/power1_cap": "210000000\n",
            f"{sensors}/hwmon4/power1_cap_default": "300000000\n",
        },
    )
    (gpu,) = read_amd(environ={}, run=fake_tools(), sysfs=tmp_path, host_free=None, rocm=tmp_path).devices
    assert (gpu.power_limit_watts, gpu.power_default_watts) == (210, 300)


def test_vram_from_memory_banks_where_drm_is_hidden(tmp_path: Path, write_tree: Tree) -> None:
    write_tree(
        tmp_path,
        {
            f"{NODES}/2/properties": node(90402, minor=136, location=0x2600),
            f"{NODES}/2/mem_banks/0/properties": "heap_type 1\nsize_in_bytes 206141652992\n",
            f"{NODES}/10/properties": node(90402, minor=144, location=0x4600),
        },
    )
    first, second = read_kernel_gpus(tmp_path)
    assert (first.vram_total, first.pci_bus_id) == (206141652992, "0000:26:00.0")
    assert (second.node, second.vram_total) == (10, None)


def test_amd_smi_names_what_the_kernel_measures_whatever_their_order(
    tmp_path: Path, write_tree: Tree, fake_tools: Tools
) -> None:
    # KFD lists the card in the later slot first: HIP's device 0 is amd-smi's GPU 1.
    write_tree(
        tmp_path,
        {
            f"{NODES}/1/properties": node(110000, minor=129, location=0x0700),
            f"{NODES}/1/io_links/0/properties": "type 2\nnode_to 0\n",
            f"{NODES}/2/properties": node(120001, minor=128, location=0x0400),
            **vram(129, 24 * GIB, 0),
            **vram(128, 32 * GIB, 0),
        },
    )
    static = json.dumps(
        [
            {"gpu": 0, "asic": {"market_name": "AMD Radeon AI PRO R9700"}, "bus": {"bdf": "0000:04:00.0"}},
            {"gpu": 1, "asic": {"market_name": "AMD Radeon RX 7900 XTX"}, "bus": {"bdf": "0000:07:00.0"}},
        ]
    )
    processes = json.dumps(
        [
            {"gpu": 0, "process_list": [{"process_info": "No running processes detected"}]},
            {"gpu": 1, "process_list": [{"process_info": {
                "pid": 4242, "memory_usage": {"vram_mem": {"value": 1048576, "unit": "B"}}}}]},
        ]
    )  # fmt: skip
    tools = fake_tools({"amd-smi static": static, "amd-smi process": processes})
    found = read_amd(environ={}, run=tools, sysfs=tmp_path, host_free=None, rocm=tmp_path)
    assert [(gpu.index, gpu.name, gpu.gfx_target) for gpu in found.devices] == [
        (0, "AMD Radeon RX 7900 XTX", "gfx1100"),
        (1, "AMD Radeon AI PRO R9700", "gfx1201"),
    ]
    assert [(one.pid, one.memory_bytes) for one in found.devices[0].processes] == [(4242, MIB)]
    assert found.interconnect == "pcie"
    assert not any("rocm-smi" in argv[0] for argv in tools.asked)


def test_xgmi_between_all_pairs(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    files = {}
    for one in (2, 3, 4):
        files[f"{NODES}/{one}/properties"] = node(90402, minor=120 + one, location=one << 8)
        for number, other in enumerate({2, 3, 4} - {one}):
            files[f"{NODES}/{one}/io_links/{number}/properties"] = f"type 11\nnode_to {other}\n"
    write_tree(tmp_path, files)
    found = read_amd(environ={}, run=fake_tools(), sysfs=tmp_path, host_free=None, rocm=tmp_path)
    assert found.interconnect == "xgmi"


@pytest.mark.parametrize("preamble", ["", WARNING])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rocm-smi_rx7900xt.json", ("Radeon RX 7900 XT", "gfx1100", 21458059264, 27856896, None, None)),
        ("rocm-smi_mi250_rocm5.json", ("AMD INSTINCT MI250 (MCM) OAM AC MBA", None, None, None, "0000:2f:00.0", "GPU-719d230578348e8c")),
        ("rocm-smi_mi250_rocm6.json", ("AMD INSTINCT MI250 (MCM) OAM AC MBA", "gfx90a", None, None, "0000:29:00.0", "GPU-1f9de0957d137942")),
        ("rocm-smi_680m.json", ("Rembrandt [Radeon 680M]", "gfx1035", 536870912, 445550592, None, None)),
    ],
)  # fmt: skip
def test_rocm_smi_of_every_version(
    fixture_text: Fixture, preamble: str, name: str, expected: tuple[object, ...]
) -> None:
    (gpu,) = parse_rocm_smi(preamble + fixture_text(name))
    assert (gpu.name, gpu.gfx_target, gpu.total, gpu.used, gpu.pci_bus_id, gpu.uuid) == expected


def test_rocm_smi_suffices(tmp_path: Path, fixture_text: Fixture, fake_tools: Tools) -> None:
    tools = fake_tools({"rocm-smi": WARNING + fixture_text("rocm-smi_rx7900xt.json")})
    found = read_amd(environ={}, run=tools, sysfs=tmp_path, host_free=None, rocm=tmp_path)
    (gpu,) = found.devices
    assert (gpu.name, gpu.memory_total_bytes, gpu.memory_free_bytes) == (
        "Radeon RX 7900 XT", 21458059264, 21458059264 - 27856896,
    )  # fmt: skip


def test_rocm_smi_answers_in_the_order_of_hip(tmp_path: Path, fake_tools: Tools) -> None:
    cards = {
        "card0": {"Card Series": "B", "Node ID": "5", "VRAM Total Memory (B)": str(16 * GIB)},
        "card1": {"Card Series": "A", "Node ID": "4", "VRAM Total Memory (B)": str(16 * GIB)},
    }
    found = read_amd(
        environ={}, run=fake_tools({"rocm-smi": json.dumps(cards)}), sysfs=tmp_path, host_free=None, rocm=tmp_path
    )
    assert [(gpu.index, gpu.name) for gpu in found.devices] == [(0, "A"), (1, "B")]


def test_what_amd_smi_leaves_open_rocm_smi_says_whatever_the_order(tmp_path: Path, fake_tools: Tools) -> None:
    """In a container without sysfs: amd-smi names and places the GPUs, its memory figures fail, rocm-smi has them."""
    static = json.dumps(
        [
            {"gpu": 0, "asic": {"market_name": "AMD Instinct MI300X", "target_graphics_version": "gfx942"},
             "bus": {"bdf": "0000:0c:00.0"}},
            {"gpu": 1, "asic": {"market_name": "AMD Instinct MI210", "target_graphics_version": "gfx90a"},
             "bus": {"bdf": "0000:9f:00.0"}},
        ]
    )  # fmt: skip
    cards = {
        "card0": {"PCI Bus": "0000:9F:00.0", "VRAM Total Memory (B)": str(64 * GIB),
                  "VRAM Total Used Memory (B)": str(GIB)},
        "card1": {"PCI Bus": "0000:0C:00.0", "VRAM Total Memory (B)": str(192 * GIB),
                  "VRAM Total Used Memory (B)": str(2 * GIB)},
    }  # fmt: skip
    tools = fake_tools({"amd-smi static": static, "rocm-smi": WARNING + json.dumps(cards)})
    found = read_amd(environ={}, run=tools, sysfs=tmp_path, host_free=None, rocm=tmp_path)
    assert [(gpu.name, gpu.memory_total_bytes, gpu.memory_free_bytes) for gpu in found.devices] == [
        ("AMD Instinct MI300X", 192 * GIB, 190 * GIB),
        ("AMD Instinct MI210", 64 * GIB, 63 * GIB),
    ]


def test_three_sources_make_one_gpu(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    """The kernel knows the bytes, amd-smi who uses them, rocm-smi the name."""
    write_tree(
        tmp_path,
        {f"{NODES}/1/properties": node(90402, minor=128, location=0x0C00), **vram(128, 192 * GIB, 3 * GIB)},
    )
    tools = fake_tools(
        {
            "amd-smi static": json.dumps([{"gpu": 0, "bus": {"bdf": "0000:0c:00.0"}}]),
            "amd-smi process": json.dumps(
                [{"gpu": 0, "process_list": [{"process_info": {
                    "pid": 77, "memory_usage": {"vram_mem": {"value": 3 * GIB, "unit": "B"}}}}]}]
            ),
            "rocm-smi": json.dumps({"card0": {"Card Series": "AMD Instinct MI300X", "PCI Bus": "0000:0C:00.0"}}),
        }
    )  # fmt: skip
    (gpu,) = read_amd(environ={}, run=tools, sysfs=tmp_path, host_free=None, rocm=tmp_path).devices
    assert (gpu.name, gpu.gfx_target, gpu.memory_total_bytes, gpu.memory_free_bytes) == (
        "AMD Instinct MI300X", "gfx942", 192 * GIB, 189 * GIB,
    )  # fmt: skip
    assert [(one.pid, one.memory_bytes) for one in gpu.processes] == [(77, 3 * GIB)]


@pytest.mark.parametrize(
    ("text", "gfx"), [("gfx9010", "gfx90a"), ("gfx9008", "gfx908"), ("gfx942", "gfx942"), (None, None)]
)
def test_the_stepping_in_decimal(text: str | None, gfx: str | None) -> None:
    assert gfx_of_rocm_smi(text) == gfx


def test_amd_smi_26_bare_lists_and_gpu_data(fixture_text: Fixture) -> None:
    recorded = json.loads(fixture_text("amd-smi_mi355x.json"))
    (gpu,) = parse_amd_smi(
        listed=json.dumps(recorded["list"]),
        static=json.dumps(recorded["static"]),
        metric=json.dumps(recorded["metric"]),
    )
    assert (gpu.name, gpu.pci_bus_id, gpu.driver_version) == ("AMD Instinct MI355X", "0000:05:00.0", "6.16.6")
    assert (gpu.total, gpu.used) == (294896 * MIB, 283 * MIB)


def test_amd_smi_says_mb_and_means_mib(fixture_text: Fixture) -> None:
    first, second = parse_amd_smi(
        static=fixture_text("amd-smi_radeon_static.json"), metric=fixture_text("amd-smi_mi300x_metric.json")
    )
    assert (first.gfx_target, second.gfx_target) == ("gfx1100", "gfx1201")
    assert first.total == 206141652992


@pytest.mark.parametrize("text", ["", "Invalid platform\n", "[1, 2", "null", "not { json"])
def test_output_that_is_no_document(text: str) -> None:
    assert parse_amd_smi(static=text) == ()
    assert parse_rocm_smi(text) == ()


def test_a_warning_with_a_bracket_before_the_document() -> None:
    assert parse_json('[WARN] low power\n{"card0": {}}') == {"card0": {}}


def test_a_tool_that_fails_or_hangs_is_as_good_as_none(tmp_path: Path, fake_tools: Tools) -> None:
    tools = fake_tools({"amd-smi": "Invalid platform\n", "rocm-smi": Completed(None, problem="did not answer")})
    found = read_amd(environ={}, run=tools, sysfs=tmp_path, host_free=None, rocm=tmp_path)
    assert (found.devices, found.warnings, found.answered) == ((), (), False)


def test_the_processors_gpu_beside_a_card_is_left_out(tmp_path: Path, write_tree: Tree, fake_tools: Tools) -> None:
    write_tree(
        tmp_path,
        {
            f"{NODES}/1/properties": node(110000, minor=128, location=0x0300),
            f"{NODES}/2/properties": node(100306, minor=129, location=0x1000),
            **vram(128, 24 * GIB, 0),
            **vram(129, 512 * MIB, 0, gtt=15 * GIB),
        },
    )
    found = read_amd(environ={}, run=fake_tools(), sysfs=tmp_path, host_free=None, rocm=tmp_path)
    assert [gpu.index for gpu in found.devices] == [0]
    assert found.warnings == (
        "GPU 1 (`AMD gfx1036`, 15.50 GiB) is not used: it is integrated in the CPU, and no backend serves models on it",
    )


def test_the_budget_of_an_apu_that_serves_is_carve_out_and_gtt(
    tmp_path: Path, write_tree: Tree, fake_tools: Tools
) -> None:
    write_tree(
        tmp_path,
        {f"{NODES}/1/properties": node(110501, minor=128, location=0xC500), **vram(128, GIB, 0, gtt=120 * GIB)},
    )
    found = read_amd(environ={}, run=fake_tools(), sysfs=tmp_path, host_free=100 * GIB, rocm=tmp_path)
    (gpu,) = found.devices
    assert (gpu.integrated, gpu.memory_total_bytes, gpu.memory_free_bytes) == (True, 121 * GIB, 101 * GIB)
