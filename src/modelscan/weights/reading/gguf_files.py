"""Which files of a folder a backend for GGUF is given: quantizations side by side, in parts, a tower beside. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from modelscan.parsing.regex import regex

_FORM = regex(r"(?i)(?:^|[-_./])((?:UD-)?(?:I?Q\d\w*|BF16|F16|FP16|F32|MXFP4\w*|TQ\d\w*))(?=[-_./]|$)")
_PART = regex(r"-(\d{5})-of-(\d{5})$")
# What is trained beside a model, or helps to quantize it, and is none itself.
_BESIDE = ("mmproj", "imatrix", "ggml-vocab")
_TOWERS = ("F16", "BF16", "Q8_0", "F32")  # of a model that sees; the first that there is


def form_of(name: str) -> str | None:
    """The quantization that a file's name or folder says, in capitals; Unsloth's mixtures keep their `UD-`."""
    found = _FORM.findall(_PART.sub("", name.removesuffix(".gguf")))
    return found[-1].upper().replace("FP16", "F16") if found else None


def forms_there(names: Iterable[str]) -> Mapping[str | None, tuple[str, ...]]:
    """The files of each quantization in their order; where several models lie in one folder, of the first."""
    stems: dict[str | None, dict[str, list[str]]] = {}
    for name in sorted(name for name in names if name.endswith(".gguf") and not _is_beside(name)):
        stem = _PART.sub("", name.removesuffix(".gguf"))
        stems.setdefault(form_of(name), {}).setdefault(stem, []).append(name)
    return {form: tuple(next(iter(models.values()))) for form, models in stems.items()}


def gguf_files(names: Iterable[str], quantization: str | None = None) -> tuple[str, ...]:
    """The weights in one quantization, all parts in their order; without one named, or there, those of the first."""
    forms = forms_there(names)
    return forms.get(quantization) or next(iter(forms.values()), ())


def missing_parts(files: Collection[str]) -> tuple[str, ...]:
    """The parts that the names of others imply."""
    wanted: list[str] = []
    for name in files:
        stem = name.removesuffix(".gguf")
        if part := _PART.search(stem):
            start, count = stem[: part.start()], int(part[2])
            wanted += [f"{start}-{number:05d}-of-{count:05d}.gguf" for number in range(1, min(count, 1000) + 1)]
    return tuple(name for name in dict.fromkeys(wanted) if name not in files)


def projector_of(names: Iterable[str]) -> str | None:
    """The file with the tower of a model that sees."""
    towers = sorted(filter(is_projector, names))
    return next((name for form in _TOWERS for name in towers if form_of(name) == form), next(iter(towers), None))


def is_projector(name: str) -> bool:
    return name.endswith(".gguf") and name.rpartition("/")[2].lower().startswith("mmproj")


def _is_beside(name: str) -> bool:
    return name.rpartition("/")[2].lower().startswith(_BESIDE)
