"""Apply `CUDA_VISIBLE_DEVICES` and its ROCm equivalents, which NVML and the AMD tools ignore.

An entry is an index or a prefix of a UUID. The first entry that matches no GPU ends the list, as in CUDA; an empty
value and `-1` hide all GPUs. Visible GPUs keep their physical index and order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan.model import Gpu


def apply_visibility(devices: Sequence[Gpu], environ: Mapping[str, str]) -> tuple[tuple[Gpu, ...], tuple[str, ...]]:
    """The GPUs that a process started with `environ` would see, and warnings."""
    nvidia = tuple(gpu for gpu in devices if gpu.vendor == "nvidia")
    amd = tuple(gpu for gpu in devices if gpu.vendor == "amd")
    rest = tuple(gpu for gpu in devices if gpu.vendor not in {"nvidia", "amd"})
    warnings: list[str] = []
    nvidia = _narrow(nvidia, "CUDA_VISIBLE_DEVICES", environ, warnings)
    # ROCm: ROCR_ filters first and renumbers; then HIP_ (or its alias CUDA_) indexes what remains.
    amd = _narrow(amd, "ROCR_VISIBLE_DEVICES", environ, warnings)
    name = "HIP_VISIBLE_DEVICES" if "HIP_VISIBLE_DEVICES" in environ else "CUDA_VISIBLE_DEVICES"
    amd = _narrow(amd, name, environ, warnings, renumbered=True)
    return (*nvidia, *amd, *rest), tuple(warnings)


def select(devices: Sequence[Gpu], value: str, *, renumbered: bool = False) -> tuple[tuple[Gpu, ...], str | None]:
    """The devices that a visibility value selects, in physical order, and the invalid entry that ended its list.

    An index is physical, or the position in `devices` where an earlier variable has `renumbered` them.
    """
    chosen: list[Gpu] = []
    bad: str | None = None
    for raw in value.split(","):
        word = raw.strip()
        if word in {"", "-1"}:
            break
        found = _named(devices, word, renumbered=renumbered)
        if found is None:
            bad = word
            break
        chosen.extend(gpu for gpu in found if gpu not in chosen)
    return tuple(gpu for gpu in devices if gpu in chosen), bad


def _named(devices: Sequence[Gpu], word: str, *, renumbered: bool) -> list[Gpu] | None:
    if word.isascii() and word.isdigit():
        # The slices of one GPU share its index.
        indices = list(dict.fromkeys(gpu.index for gpu in devices))
        number = int(word)
        if renumbered:
            number = indices[number] if number < len(indices) else -1
        return [gpu for gpu in devices if gpu.index == number] or None
    fits = [gpu for gpu in devices if gpu.uuid and gpu.uuid.lower().startswith(word.lower())]
    return fits if len(fits) == 1 else None


def _narrow(
    devices: tuple[Gpu, ...],
    name: str,
    environ: Mapping[str, str],
    warnings: list[str],
    *,
    renumbered: bool = False,
) -> tuple[Gpu, ...]:
    value = environ.get(name)
    if value is None or not devices:
        return devices
    kept, bad = select(devices, value, renumbered=renumbered)
    if bad is not None:
        warnings.append(f"`{bad}` in `{name}={value}` matches no GPU; it and everything after it is ignored")
    if not kept:
        count = len(devices)
        warnings.append(
            f"`{name}={value}` hides {'the GPU' if count == 1 else f'all {count} GPUs'} of this machine;"
            f" to use {'it' if count == 1 else 'them'}: unset {name}"
        )
    elif _order_matters(devices, name, environ, value):
        warnings.append(
            f"modelscan reads `{name}={value}` in PCI order, but CUDA puts the fastest GPU first; to"
            " use the same order: export CUDA_DEVICE_ORDER=PCI_BUS_ID"
        )
    return kept


def _order_matters(devices: Sequence[Gpu], name: str, environ: Mapping[str, str], value: str) -> bool:
    return (
        name == "CUDA_VISIBLE_DEVICES"
        and devices[0].vendor == "nvidia"
        and environ.get("CUDA_DEVICE_ORDER", "FASTEST_FIRST") != "PCI_BUS_ID"
        and len({gpu.name for gpu in devices if not gpu.mig}) > 1
        and any(character.isdigit() for character in value.strip()[:1])
    )
