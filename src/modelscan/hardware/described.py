"""A machine given by a description: `rtx-4090`, `8xh100-80gb`, `h100-80gb*8`, `rtx-3090+rtx-5090`, `cpu:64gb`, or a
`gpu --json` file.

`+512gib-ram` behind GPUs says what memory the host has; without it that is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from modelscan.dataclasses import replace
from modelscan.errors import GpuNotFound, Usage
from modelscan.hardware.gpu_table import GpuFacts, gpu_keys, known_names, run_together, slug
from modelscan.hardware.machine_file import MOST_GPUS, read_machine_file
from modelscan.hardware.reserve import usable_bytes
from modelscan.model import Cpu, Gpu, Hardware
from modelscan.parsing.regex import regex
from modelscan.units import GIB, parse_bytes

_SOME = 3
# The "80gb" in a name is the vendor's figure, up to 8 % off the driver's; beyond this it is a different card.
_SAME_MEMORY = 0.1
_COUNTED = regex(r"(?:(?P<before>\d+)\s*[x\u00d7*]\s*)?(?P<name>.+?)(?:\s*[\u00d7*]\s*(?P<after>\d+))?", re.IGNORECASE)
_COUNTED_AFTER = regex(r"(?P<name>.+?)\s*[x\u00d7*]\s*(?P<count>\d+)|(?P<first>\d+)\s+(?P<second>.+)", re.IGNORECASE)
_WITH_MEMORY = regex(r"(?P<name>.+?)-(?P<gib>\d+(?:\.\d+)?)gi?b?", re.IGNORECASE)
_WITH_HOST = regex(r"(?P<gpus>.+?)\s*\+\s*(?P<size>\d[\d.]*\s*[kmgt]i?b?)[\s-]*ram", re.IGNORECASE)
_MEMORY_ALONE = regex(r"(?:(?P<count>\d{1,4})\s*[x\u00d7*]\s*)?(?P<gib>\d+(?:\.\d+)?)\s*gi?b", re.IGNORECASE)
# The oldest generation that all backends of ours run on: what fits such a card fits a newer one of that memory.
_OLDEST = (8, 0)
_OTHER_MODEL = frozenset({"ti", "super", "laptop", "d", "xt", "xtx"})  # each makes it a different GPU
_EXAMPLES = (
    "use a name such as `rtx-4090`, `8xh100-80gb`, `rtx-3090+rtx-5090`, `rtx-4090+64gib-ram`, `cpu:64gb`, or a file "
    "written by `modelscan gpu --json`"
)


def describe_hardware(spec: str, table: Sequence[GpuFacts]) -> Hardware:
    """The machine that `spec` names; its GPUs are idle.

    Raises GpuNotFound (unknown or ambiguous name, with near matches) and Usage (not a description, unreadable file).
    """
    text = spec.strip()
    if not text:
        raise Usage("the hardware description is empty", hints=[_EXAMPLES])
    if _looks_like_a_file(text):
        return read_machine_file(_path(text), examples=_EXAMPLES)
    if hosted := _WITH_HOST.fullmatch(text):
        return _with_host(spec, describe_hardware(hosted["gpus"], table), parse_bytes(hosted["size"]))
    if text.lower() == "cpu" or text.lower().startswith("cpu:"):
        return _cpu_only(text)
    if sized := _MEMORY_ALONE.fullmatch(text):
        facts = _of_memory(float(sized["gib"]) * GIB, table)
        return several(facts, int(sized["count"] or 1) * facts.devices)
    try:
        return _gpus(spec, text, table)
    except GpuNotFound:
        if "+" not in text:  # as in `ryzen ai max+ 395`
            raise
        return _together(spec, [_gpus(spec, part.strip(), table) for part in text.split("+")])


def _together(spec: str, parts: Sequence[Hardware]) -> Hardware:
    """GPUs of several kinds in one machine, in the order in which they were named."""
    devices = [gpu for part in parts for gpu in part.devices]
    if len(devices) > MOST_GPUS:
        few = f"the number must be between 1 and {MOST_GPUS}"
        raise Usage(f"`{spec}` has {len(devices)} GPUs; {few}", hints=[_EXAMPLES])
    if any(gpu.vendor != devices[0].vendor for gpu in devices):
        raise Usage(f"`{spec}` has GPUs of several vendors", hints=[_EXAMPLES])
    return Hardware(devices=tuple(replace(gpu, index=index) for index, gpu in enumerate(devices)), interconnect="pcie")


def _with_host(spec: str, gpus: Hardware, memory: int) -> Hardware:
    if not gpus.devices:
        raise Usage(f"`{spec}` names the host's memory twice", hints=[_EXAMPLES])
    return replace(gpus, cpu=Cpu(memory_total_bytes=memory, memory_free_bytes=memory))


def _gpus(spec: str, text: str, table: Sequence[GpuFacts]) -> Hardware:
    """So many of one name."""
    counted = _COUNTED.fullmatch(text)
    if counted is None or (counted["before"] and counted["after"]):
        raise Usage(f"`{spec}` does not describe hardware", hints=[_EXAMPLES])
    count, name = int(counted["before"] or counted["after"] or 1), counted["name"]
    other = _COUNTED_AFTER.fullmatch(text)
    if _named(text, table):  # `7900xtx` is a card, not 7900 of them
        count, name = 1, text
    elif other is not None and _named(other["name"] or other["second"], table):
        count, name = int(other["count"] or other["first"]), other["name"] or other["second"]
    if not 1 <= count <= MOST_GPUS:
        raise Usage(f"`{spec}` has {count} GPUs; the number must be between 1 and {MOST_GPUS}", hints=[_EXAMPLES])
    facts, size = _find(name, table)
    return several(facts, count * facts.devices, size)


def _of_memory(memory: float, table: Sequence[GpuFacts]) -> GpuFacts:
    """The least capable GPU in use that has so much memory, where only its memory is named: `24gb`."""
    alike = [
        facts
        for facts in table
        if facts.vendor == "nvidia"
        and not facts.integrated
        and abs(facts.memory_bytes - memory) <= _SAME_MEMORY * memory
        and (capability := facts.compute_capability)
        and tuple(map(int, capability.split("."))) >= _OLDEST
    ]
    if not alike:
        raise GpuNotFound(
            f"no GPU is known with {memory / GIB:g} GB of memory", hints=[_EXAMPLES], details={"near": []}
        )
    return min(alike, key=lambda facts: (tuple(map(int, (facts.compute_capability or "0").split("."))), facts.name))


def _looks_like_a_file(text: str) -> bool:
    try:
        return text.endswith(".json") or text.startswith(("~", ".", "/")) or Path(text).is_file()
    except OSError:
        # No file system accepts this text as a name.
        return False


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError):
        # `~name` of an unknown user, or not a path at all.
        return Path(text)


def _cpu_only(text: str) -> Hardware:
    _, _, size = text.partition(":")
    if not size:
        raise Usage(f"`{text}` is missing the amount of memory", hints=["use, for example, `cpu:64gb`"])
    if size.strip().isdecimal():
        raise Usage(f"`{text}` is missing the unit", hints=[f"use, for example, `cpu:{size.strip()}gb`"])
    memory = parse_bytes(size)
    return Hardware(cpu=Cpu(memory_total_bytes=memory, memory_free_bytes=memory))


def _find(name: str, table: Sequence[GpuFacts]) -> tuple[GpuFacts, int | None]:
    """The facts of a GPU, and its memory where the name gives another size than the table."""
    wanted = slug(name)
    if named := _named(name, table):
        return named[0], None
    sized = _WITH_MEMORY.fullmatch(wanted)
    if sized is not None:
        memory = round(float(sized["gib"]) * GIB)
        named = _named(sized["name"], table)
        parts = [facts for facts in table if _is_part(sized["name"], facts)]
        for facts in (*named, *(facts for facts in parts if not named or not _OTHER_MODEL & _words(facts))):
            if abs(memory - facts.memory_bytes) <= _SAME_MEMORY * memory:
                return facts, None
        if named:
            return named[0], memory
    alike = [facts for facts in table if _is_part(wanted, facts)] or _begins(wanted, table)
    if len(alike) == 1:
        return alike[0], None
    raise _unknown(name.strip(), wanted, alike, table)


def _named(name: str, table: Sequence[GpuFacts]) -> list[GpuFacts]:
    """The GPU of exactly this name, with or without separators (`rtx6000ada`)."""
    wanted = slug(name)
    for plain in (False, True):
        for facts in table:
            if (run_together(wanted) if plain else wanted) in gpu_keys(facts, together=plain):
                return [facts]
    return []


def _is_part(wanted: str, facts: GpuFacts) -> bool:
    words = set(wanted.split("-"))
    return any(words <= set(key.split("-")) for key in gpu_keys(facts))


def _words(facts: GpuFacts) -> set[str]:
    return {word for key in gpu_keys(facts) for word in key.split("-")}


def _begins(wanted: str, table: Sequence[GpuFacts]) -> list[GpuFacts]:
    """`mi300` begins `mi300x` and `mi300a`."""
    enough = any(sign.isdecimal() for sign in wanted) and len(wanted) >= _SOME
    return [facts for facts in table if enough and any(key.startswith(wanted) for key in gpu_keys(facts))]


def _unknown(name: str, wanted: str, alike: Sequence[GpuFacts], table: Sequence[GpuFacts]) -> GpuNotFound:
    if alike:
        several = known_names(alike)
        return GpuNotFound(
            f"`{name}` matches several GPUs: {', '.join(f'`{other}`' for other in several[:8])}",
            hints=[f"choose one: --hardware {several[0]}"],
            details={"near": list(several)},
        )
    names = dict(zip(table, known_names(table), strict=True))
    keys = {key: names[facts] for facts in table for key in gpu_keys(facts)}
    near = list(dict.fromkeys(keys[key] for key in get_close_matches(wanted, keys, n=5, cutoff=0.55)))
    suggestion = [f"did you mean {' or '.join(f'`{other}`' for other in near[:3])}?"] if near else []
    return GpuNotFound(
        f"`{name}` is not a known GPU",
        hints=[*suggestion, "or describe the machine in a file: modelscan gpu --json > machine.json"],
        details={"near": near},
    )


def several(facts: GpuFacts, count: int, memory: int | None = None) -> Hardware:
    """A machine with `count` idle GPUs of one kind; `memory` overrides the size in the table."""
    total = memory or facts.memory_bytes
    usable = usable_bytes(memory, facts.vendor) if memory else facts.usable_bytes
    gpu = Gpu(
        index=0,
        vendor=facts.vendor,
        name=facts.reported_name,
        memory_total_bytes=total,
        memory_usable_bytes=usable,
        memory_free_bytes=usable,
        compute_capability=facts.compute_capability,
        gfx_target=facts.gfx_target,
        mig=False,
        integrated=facts.integrated,
    )
    return Hardware(
        devices=tuple(replace(gpu, index=index) for index in range(count)),
        interconnect=_link(facts) if count > 1 else None,
    )


def _link(facts: GpuFacts) -> str:
    """The link that every such machine has: an optional bridge is not assumed."""
    word = facts.interconnect.lower()
    return "nvlink" if word.startswith("nvlink") else "xgmi" if word.startswith("xgmi") else "pcie"
