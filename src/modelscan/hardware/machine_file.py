"""A machine from the JSON of `gpu --json`, checked field by field: people write and edit these files."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelscan import dataclasses
from modelscan.errors import Usage
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Cpu, Hardware
from modelscan.parsing.regex import regex
from modelscan.storage.documents import from_document

MOST_GPUS = 1024
_SHOWN = 40
_LARGEST = 2**60
_KINDS: dict[type, str] = {str: "text", int: "a whole number of 0 or more", bool: "true or false"}
_PATTERNS = {
    "compute_capability": (regex(r"\d{1,2}\.\d"), "a number such as 8.9, as text"),
    "gfx_target": (regex(r"gfx[0-9a-f]{3,4}"), "a name such as gfx942"),
    "cuda_version": (regex(r"\d{1,2}\.\d{1,2}"), "a number such as 13.0, as text"),
}


def read_machine_file(path: Path, *, examples: str) -> Hardware:
    """Missing fields are unknown. Raises Usage for a file that cannot be read or is none of ours."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise _NotAMachine("the file", "an object with `devices`", document)
        return _machine(document)
    except OSError as error:
        raise Usage(
            f"cannot read the hardware file `{path}`", cause=[error.strerror or str(error)], hints=[examples]
        ) from error
    except (ValueError, RecursionError) as error:
        raise Usage(
            f"the hardware file `{path}` does not have the format of `modelscan gpu --json`",
            cause=[str(error)],
            hints=["write one: modelscan gpu --json > machine.json"],
        ) from error


class _NotAMachine(ValueError):
    """The message names the field, what it should hold, and what it holds."""

    def __init__(self, place: str, wanted: str, found: object) -> None:
        shown = json.dumps(found, ensure_ascii=False, default=str)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        super().__init__(f"{place} must be {wanted}, not {shown}")


def _machine(document: Mapping[str, Any]) -> Hardware:
    known = {key: value for key, value in document.items() if value is not None}
    devices = known.get("devices", [])
    if not isinstance(devices, list) or len(devices) > MOST_GPUS:
        raise _NotAMachine("`devices`", f"a list of at most {MOST_GPUS} GPUs", devices)
    values = {**known, "devices": [_device(index, item) for index, item in enumerate(devices)]}
    _check(Hardware, values, "")
    hardware = from_document(Hardware, values)
    return dataclasses.replace(hardware, cpu=hardware.cpu or Cpu())


def _device(index: int, item: object) -> dict[str, Any]:
    """With what follows from the other fields. One that is null is missing."""
    if not isinstance(item, dict):
        raise _NotAMachine(f"`devices[{index}]`", "an object", item)
    device = {"index": index, "vendor": "nvidia", **{key: value for key, value in item.items() if value is not None}}
    total = device.get("memory_total_bytes")
    whole = isinstance(total, int) and not isinstance(total, bool)
    if "memory_usable_bytes" not in device and not device.get("integrated") and whole:
        device["memory_usable_bytes"] = usable_bytes(total, device["vendor"])
    return device


def _check(hint: Any, value: object, place: str) -> None:
    """Raise _NotAMachine where a value is not what the hint of its field says."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    shown = f"`{place.removeprefix('.')}`"
    if origin in {typing.Union, types.UnionType}:
        _check(next(one for one in arguments if one is not type(None)), value, place)
    elif origin is typing.Literal:
        if value not in arguments:
            raise _NotAMachine(shown, f"one of {', '.join(map(str, arguments))}", value)
    elif origin is tuple:
        if not isinstance(value, list) or (arguments[-1] is not Ellipsis and len(value) != len(arguments)):
            raise _NotAMachine(shown, "a list" if arguments[-1] is Ellipsis else f"{len(arguments)} values", value)
        for index, item in enumerate(value):
            _check(arguments[0], item, f"{place}[{index}]")
    elif dataclasses.is_dataclass(hint):
        _check_object(hint, value, place)
    elif not isinstance(value, hint) or (hint is int and (isinstance(value, bool) or not 0 <= value <= _LARGEST)):
        raise _NotAMachine(shown, _KINDS[hint], value)


def _check_object(cls: Any, value: object, place: str) -> None:
    if not isinstance(value, dict):
        raise _NotAMachine(f"`{place.removeprefix('.')}`", "an object", value)
    hints = typing.get_type_hints(cls)
    made = dataclasses.factories(cls)
    for name, default in dataclasses.defaults(cls).items():
        here = f"{place}.{name}"
        item = value.get(name)
        if item is None:
            if default is dataclasses.MISSING and name not in made:
                raise _NotAMachine(f"`{here.removeprefix('.')}`", "there", None)
            value.pop(name, None)
            continue
        _check(hints[name], item, here)
        pattern, wanted = _PATTERNS.get(name, (None, ""))
        if pattern is not None and not pattern.fullmatch(str(item)):
            raise _NotAMachine(f"`{here.removeprefix('.')}`", wanted, item)
