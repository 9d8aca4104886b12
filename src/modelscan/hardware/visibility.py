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
    seen = [_narrowed(nvidia, environ, rocm=False), _narrowed(amd, environ, rocm=True)]
    kept = tuple(gpu for devices, _ in seen for gpu in devices)
    return (*kept, *rest), tuple(warning for _, warnings in seen for warning in warnings)


def _narrowed(devices: tuple[Gpu, ...], environ: Mapping[str, str], *, rocm: bool) -> tuple[tuple[Gpu, ...], list[str]]:
    """The GPUs of one vendor that are left, and warnings: of masks that hide all, how to see some again."""
    kept, warnings, before = devices, list[str](), list[str]()
    for name in _masks(environ, rocm=rocm):
        if not kept:
            break
        given, kept = kept, _narrow(kept, name, environ, warnings, renumbered=bool(before))
        if not kept:
            warnings.append(_hidden(given, name, environ, before, _to_unset(devices, environ, rocm=rocm)))
        before.append(f"`{name}={environ[name]}`")
    return kept, warnings


def _masks(environ: Mapping[str, str], *, rocm: bool) -> list[str]:
    """Those that are set, in the order in which they count.

    ROCm: ROCR_ filters first and renumbers; then HIP_ (or its alias CUDA_) indexes what remains.
    """
    last = "HIP_VISIBLE_DEVICES" if rocm and "HIP_VISIBLE_DEVICES" in environ else "CUDA_VISIBLE_DEVICES"
    names = ("ROCR_VISIBLE_DEVICES", last) if rocm else (last,)
    return [name for name in names if name in environ]


def _to_unset(devices: tuple[Gpu, ...], environ: Mapping[str, str], *, rocm: bool) -> list[str]:
    """The variables without which a GPU is seen, as few as one after the other shows: behind one that hides all there
    may be another, an alias among them.
    """
    left, unset = dict(environ), list[str]()
    while names := _masks(left, rocm=rocm):
        kept = devices
        for place, name in enumerate(names):
            kept = select(kept, left[name], renumbered=place > 0)[0]
            if not kept:
                unset.append(name)
                del left[name]
                break
        else:
            break
    return unset


def _hidden(
    devices: Sequence[Gpu], name: str, environ: Mapping[str, str], before: Sequence[str], unset: Sequence[str]
) -> str:
    count = len(devices)
    which = "the GPU" if count == 1 else f"all {count} GPUs"
    where = f"that {before[-1]} leaves, which are counted anew from 0" if before else "of this machine"
    if before and count == 1:
        where = f"that {before[-1]} leaves, which then is GPU 0"
    them = "it" if count == 1 else "them"
    return f"`{name}={environ[name]}` hides {which} {where}; to use {them}: unset {' '.join(unset)}"


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
    value = environ[name]
    kept, bad = select(devices, value, renumbered=renumbered)
    if bad is not None:
        warnings.append(f"`{bad}` in `{name}={value}` matches no GPU; it and everything after it is ignored")
    if kept and _order_matters(devices, name, environ, value):
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
