"""The head of a `model.bin` of CTranslate2: its kind, and names, shapes and types of its variables.

Format (OpenNMT/CTranslate2, python/ctranslate2/specs/model_spec.py, `_serialize`, version 6): version, name of the
kind, its revision, number of variables, then each (name, dimensions, type, size, data), then other names for some of
them; little endian. The data lies between, so that it is passed over, variable by variable.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field
from modelscan.weights.reading.safetensors import TensorSums, bits_of

NAME = "model.bin"
_VERSION = 6
_TYPES = ("F32", "I8", "I16", "I32", "F16", "BF16")
_PIECE = 64 * 1024
_MOST_VARIABLES = 100_000  # the largest has 1,300
_MOST_DIMENSIONS = 4
_LONGEST_NAME = 4096
_LONGEST_VALUE = 8  # bytes of one number: a setting, such as how many heads there are
_SHORT, _NUMBER, _BYTE, _KIND_AND_SIZE = (struct.Struct(f"<{form}") for form in ("H", "I", "B", "BI"))


@dataclass(frozen=True, slots=True)
class Variable:
    shape: tuple[int, ...]
    type: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ct2Header:
    """`settings` are the variables of one number. `whole`: all of the file was looked at, and is as long as it says;
    else `variables` are the first ones of `count`.
    """

    kind: str
    revision: int
    count: int
    size_bytes: int
    whole: bool
    variables: Mapping[str, Variable] = field(default_factory=dict)
    settings: Mapping[str, int] = field(default_factory=dict)

    def sums(self) -> TensorSums:
        """By type. What was not looked at counts as what takes most of the rest: a model is in one type."""
        sizes: Counter[str] = Counter()
        for variable in self.variables.values():
            sizes[variable.type] += variable.size_bytes
        if not self.whole and sizes:
            sizes[max(sizes, key=sizes.__getitem__)] += self.size_bytes - sum(sizes.values())
        counts = {name: size * 8 // (bits_of(name) or 8) for name, size in sizes.items()}
        return TensorSums(bytes_by_dtype=dict(sizes), parameters_by_dtype=counts)


def read_header(read: Callable[[int, int], bytes], size: int, most_reads: int | None = None) -> Ct2Header:
    """The header of a file of `size` bytes. `read` gives the bytes from one place to another; after `most_reads` what
    is known by then is the answer. Raises ValueError for a file that is no such model, or damaged.
    """
    cursor = _Forward(read, size, most_reads)
    version = cursor.number(_NUMBER)
    if version != _VERSION:
        raise ValueError(f"its version is {version}, and only {_VERSION} is read")
    kind, revision, count = cursor.text(), cursor.number(_NUMBER), cursor.number(_NUMBER)
    if count > _MOST_VARIABLES:
        raise ValueError(f"it claims {count} variables")
    variables: dict[str, Variable] = {}
    settings: dict[str, int] = {}
    whole = True
    try:
        for _ in range(count):
            name, found = cursor.text(), cursor.variable()
            if name in variables or name in settings:
                raise ValueError(f"variable `{name}` stands in it twice")
            if found.shape or found.size_bytes > _LONGEST_VALUE:
                variables[name] = found
                cursor.skip(name, found.size_bytes)
            else:
                settings[name] = int.from_bytes(cursor.take(found.size_bytes), "little", signed=True)
        for _ in range(min(cursor.number(_NUMBER), _MOST_VARIABLES)):
            cursor.text()
            cursor.text()
        if cursor.at != size:
            raise ValueError(f"{size - cursor.at} trailing bytes belong to no variable")
    except _EnoughRead:
        whole = False
    return Ct2Header(
        kind=kind,
        revision=revision,
        count=count,
        size_bytes=size,
        whole=whole,
        variables=variables,
        settings=settings,
    )


class _EnoughRead(Exception):
    """More would have to be read than may be."""


class _Forward:
    """Reads forward in a file, a piece at a time."""

    def __init__(self, read: Callable[[int, int], bytes], size: int, most_reads: int | None) -> None:
        self.at = 0
        self._read, self._size, self._left = read, size, most_reads
        self._start, self._piece = 0, b""

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > self._size:
            raise ValueError(f"it ends after {self._size} bytes, in the middle of a variable")
        if not self._start <= self.at <= end <= self._start + len(self._piece):
            if self._left == 0:
                raise _EnoughRead
            self._left = None if self._left is None else self._left - 1
            self._start = self.at
            self._piece = self._read(self.at, min(self.at + max(_PIECE, count), self._size))
            if len(self._piece) < count:
                raise ValueError(f"it ends after {self.at + len(self._piece)} of {self._size} bytes")
        found = self._piece[self.at - self._start : end - self._start]
        self.at = end
        return found

    def number(self, form: struct.Struct) -> int:
        return int(form.unpack(self.take(form.size))[0])

    def text(self) -> str:
        length = self.number(_SHORT)
        if length > _LONGEST_NAME:
            raise ValueError(f"a name in it claims {length} bytes")
        return self.take(length).rstrip(b"\0").decode("utf-8", "replace")

    def variable(self) -> Variable:
        dimensions = self.number(_BYTE)
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"one of its variables has {dimensions} dimensions")
        shape = tuple(self.number(_NUMBER) for _ in range(dimensions))
        kind, size = self._kind_and_size()
        if math.prod(shape) * (bits_of(kind) or 8) != size * 8:
            raise ValueError(f"one of its variables has {size} bytes for {math.prod(shape)} values of {kind}")
        return Variable(shape, kind, size)

    def _kind_and_size(self) -> tuple[str, int]:
        found: tuple[Any, ...] = _KIND_AND_SIZE.unpack(self.take(_KIND_AND_SIZE.size))
        kind, size = found
        if kind >= len(_TYPES):
            raise ValueError(f"one of its variables is of type {kind}, which nobody knows")
        return _TYPES[kind], size

    def skip(self, name: str, count: int) -> None:
        if self.at + count > self._size:
            raise ValueError(f"variable `{name}` ends at {self.at + count} of {self._size} bytes")
        self.at += count
