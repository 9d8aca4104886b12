"""Parse the JSON of `rocm-smi` and `amd-smi`, in the shapes and key casings of all their versions. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.units import GIB, KIB, MIB

# amd-smi writes "MB" and means MiB: 196592 "MB" is an MI300X's 192 GiB less the driver's part.
_UNITS = {"b": 1, "kb": KIB, "mb": MIB, "gb": GIB, "kib": KIB, "mib": MIB, "gib": GIB}
_UNKNOWN = {"", "n/a", "none", "null", "unknown"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolGpu:
    """One GPU of a tool; every fact is optional. `number` is the tool's own, in PCI order, not HIP's."""

    number: int
    name: str | None = None
    gfx_target: str | None = None
    pci_bus_id: str | None = None
    uuid: str | None = None
    node: int | None = None
    hip_id: int | None = None
    total: int | None = None
    used: int | None = None
    driver_version: str | None = None
    pids: tuple[tuple[int, int | None], ...] = ()


def parse_json(text: str) -> Any:
    """The JSON document in a tool's output, after any warning lines; None where there is none.

    A stale amd-smi prints `Invalid platform` and exits with 0.
    """
    for match in re.finditer(r"^\s*[\[{]", text, re.MULTILINE):
        try:
            return json.JSONDecoder().raw_decode(text, match.end() - 1)[0]
        except ValueError:
            continue
    return None


def parse_rocm_smi(text: str) -> tuple[ToolGpu, ...]:
    """GPUs of `rocm-smi --showproductname --showmeminfo vram --showuniqueid --showbus --json`.

    ROCm 6 changed the casing of the keys (`Card series`, `Card Series`): they are compared in lowercase.
    """
    document = parse_json(text)
    if not isinstance(document, Mapping):
        return ()
    driver = _lower(document.get("system")).get("driver version")
    found = []
    for key, value in document.items():
        match = re.fullmatch(r"card(\d+)", str(key).lower())
        if match is None or not isinstance(value, Mapping):
            continue
        card = _lower(value)
        unique = card.get("unique id")
        found.append(
            ToolGpu(
                number=int(match[1]),
                # Old versions print a device id where they do not know the name.
                name=_first_name(card.get("card series"), card.get("device name"), card.get("card model")),
                gfx_target=gfx_of_rocm_smi(card.get("gfx version")),
                pci_bus_id=_bus(card.get("pci bus")),
                uuid=_uuid(unique),
                node=_integer(card.get("node id")),
                total=_integer(card.get("vram total memory (b)")),
                used=_integer(card.get("vram total used memory (b)")),
                driver_version=driver,
            )
        )
    return tuple(sorted(found, key=lambda gpu: gpu.number))


def gfx_of_rocm_smi(text: str | None) -> str | None:
    """LLVM's name: rocm-smi 6 prints the stepping of gfx9 parts in decimal (`gfx9010` is gfx90a)."""
    if text is None:
        return None
    match = re.fullmatch(r"gfx90(\d\d)", text)
    return f"gfx90{int(match[1]):x}" if match else text


def parse_amd_smi(*, listed: str = "", static: str = "", metric: str = "", process: str = "") -> tuple[ToolGpu, ...]:
    """GPUs of `amd-smi list|static|metric|process --json`, each optional: a bare list, or below `gpu_data`."""
    found: dict[int, dict[str, Any]] = {}
    for row in _rows(listed):
        _add(found, row, pci_bus_id=_bus(_word(row.get("bdf"))), uuid=_word(row.get("uuid")))
        _add(found, row, node=_integer(row.get("node_id")), hip_id=_integer(row.get("hip_id")))
    for row in _rows(static):
        asic, driver = _mapping(row.get("asic")), _mapping(row.get("driver"))
        _add(
            found,
            row,
            name=_first_name(_word(asic.get("market_name")), _word(_mapping(row.get("board")).get("product_name"))),
            gfx_target=_word(asic.get("target_graphics_version")),
            pci_bus_id=_bus(_word(_mapping(row.get("bus")).get("bdf"))),
            driver_version=_word(driver.get("version")) or _word(driver.get("driver_version")),
            total=_size(_mapping(row.get("vram")).get("size")),
        )
    for row in _rows(metric):
        usage = _mapping(row.get("mem_usage"))
        _add(found, row, total=_size(usage.get("total_vram")), used=_size(usage.get("used_vram")))
    for row in _rows(process):
        _add(found, row, pids=tuple(_pids(row.get("process_list"))) or None)
    return tuple(ToolGpu(number=number, **facts) for number, facts in sorted(found.items()))


def _pids(rows: Any) -> Iterable[tuple[int, int | None]]:
    for row in rows if isinstance(rows, list) else ():
        info = _mapping(row.get("process_info")) if isinstance(row, Mapping) else {}
        pid = _integer(info.get("pid"))
        if pid is not None:
            yield pid, _size(_mapping(info.get("memory_usage")).get("vram_mem"))


def _rows(text: str) -> list[Mapping[str, Any]]:
    document = parse_json(text)
    rows = document.get("gpu_data") if isinstance(document, Mapping) else document
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _add(found: dict[int, dict[str, Any]], row: Mapping[str, Any], **facts: Any) -> None:
    number = _integer(row.get("gpu"))
    if number is not None:
        found.setdefault(number, {}).update({key: value for key, value in facts.items() if value is not None})


def _size(value: Any) -> int | None:
    """`{"value": 196592, "unit": "MB"}` in bytes."""
    pair = _mapping(value)
    factor = _UNITS.get(str(pair.get("unit", "")).lower())
    try:
        return int(float(pair["value"]) * factor) if factor else None
    except (KeyError, TypeError, ValueError):
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _lower(value: Any) -> dict[str, str]:
    """Lowercase keys, without unknown values."""
    pairs = ((str(key).lower(), _word(item)) for key, item in _mapping(value).items())
    return {key: item for key, item in pairs if item is not None}


def _word(value: Any) -> str | None:
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    return None if text.lower() in _UNKNOWN else text


def _first_name(*names: str | None) -> str | None:
    return next((name for name in names if name and not re.fullmatch(r"(0x)?[0-9a-fA-F]{4}", name)), None)


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else None


def _bus(text: str | None) -> str | None:
    return text.lower() if text else None


def _uuid(unique: str | None) -> str | None:
    """HIP's form of the unique id: `GPU-` and sixteen hexadecimal digits."""
    if unique is None or not re.fullmatch(r"0x[0-9a-fA-F]+", unique) or int(unique, 16) == 0:
        return None
    return f"GPU-{int(unique, 16):016x}"
