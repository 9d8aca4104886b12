"""Which files of a folder a backend for GGUF is given. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from modelscan.parsing.regex import regex

_FORM = regex(r"(?i)(?:^|[-_./])((?:UD-)?(?:I?Q\d\w*|BF16|F16|F32|MXFP4\w*|TQ\d\w*))(?=[-_./]|$)")
_PART = regex(r"-(\d{5})-of-\d{5}$")


def form_of(name: str) -> str | None:
    """The quantization that a file's name says, in capitals."""
    found = _FORM.findall(_PART.sub("", name.removesuffix(".gguf")))
    return found[-1].upper() if found else None


def gguf_files(names: Iterable[str], quantization: str | None = None) -> tuple[str, ...]:
    """The weights in one quantization, all parts in their order; without one named, those of the first file."""
    files = sorted(name for name in names if name.endswith(".gguf") and not is_projector(name))
    wanted = quantization if quantization is not None else next(map(form_of, files), None)
    return tuple(name for name in files if form_of(name) == wanted) or tuple(files[:1])


def projector_of(names: Iterable[str]) -> str | None:
    """The file with the tower of a model that sees."""
    return next(iter(sorted(filter(is_projector, names))), None)


def is_projector(name: str) -> bool:
    return name.endswith(".gguf") and name.rpartition("/")[2].lower().startswith("mmproj")
