"""The header of a GGUF file: metadata, and types, sizes and places of its tensors, validated before anything loads it.

Format: `GGUF`, version, number of tensors and of metadata, the metadata (key, type, value), the tensors (name,
dimensions, type, offset), then their data, aligned; little endian (ggml-org/ggml, docs/gguf.md). A header comes in
pieces: vocabularies stand in it, and are passed over, not kept.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.weights.gguf_types import FILE_TYPES, TENSOR_TYPES

MAGIC = b"GGUF"
FIRST_PIECE = 1024**2
_GROWTH = 4
MAX_HEADER_BYTES = 128 * 1024**2  # the largest vocabularies take 15 MB
_VERSIONS = (2, 3)
_MOST_TENSORS = 100_000  # 61 layers of 256 experts apart would be 47,000; today they are stacked
_MOST_KEYS = 100_000
_LONGEST_NAME = 4096
_LONGEST_KEPT = 65_536  # bytes of a text, such as a chat template; a longer one is passed over
_MOST_KEPT = 4096  # numbers of a list, such as the KV heads of each layer
_DEEPEST = 4  # lists in lists
_MOST_DIMENSIONS = 4
_LARGEST = 2**62
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_UNPACKED = {kind: struct.Struct(f"<{letter}") for kind, letter in _NUMBERS.items()}
_TEXT, _LIST = 8, 9
_LENGTH, _COUNTS, _KIND = struct.Struct("<Q"), struct.Struct("<IQQ"), struct.Struct("<I")
_LIST_HEAD, _PLACE = struct.Struct("<IQ"), struct.Struct("<IQ")


class ShortHeader(Exception):
    """More of the file is needed to read its header."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """`size_bytes` is what its data takes; of a type that nobody here knows, up to the next tensor."""

    name: str
    shape: tuple[int, ...]
    type: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GgufHeader:
    """`metadata` has numbers, texts and short lists of numbers; of a long list, or one of texts, its length."""

    metadata: Mapping[str, Any]
    tensors: tuple[Tensor, ...]

    @property
    def architecture(self) -> str:
        found = self.metadata.get("general.architecture")
        return found if isinstance(found, str) else ""

    @property
    def file_type(self) -> str | None:
        """The quantization of most tensors, as the tool that wrote the file says."""
        found = self.metadata.get("general.file_type")
        return FILE_TYPES.get(found) if isinstance(found, int) else None


def read_header(read: Callable[[int, int], bytes], size: int) -> GgufHeader:
    """The header of a file of `size` bytes. `read` gives the bytes from one place to another, and is asked for few and
    growing pieces. Raises ValueError for a file that is no GGUF, or damaged.
    """
    content, wanted = b"", min(FIRST_PIECE, size)
    while True:
        content += read(len(content), wanted)
        if len(content) < wanted:
            raise ValueError(f"it ends after {len(content)} of {size} bytes")
        try:
            return parse_header(content, size)
        except ShortHeader:
            if wanted >= min(size, MAX_HEADER_BYTES):
                raise ValueError("its header does not end") from None
            wanted = min(wanted * _GROWTH, size, MAX_HEADER_BYTES)


def parse_header(content: bytes, size: int) -> GgufHeader:
    """The same from the first bytes of a file. Raises ShortHeader where they are too few, ValueError."""
    cursor = _Cursor(content)
    if cursor.take(4) != MAGIC:
        raise ValueError("it does not begin with `GGUF`")
    version, tensors, keys = cursor.unpack(_COUNTS)
    if version not in _VERSIONS:
        raise ValueError(f"its version is {version}, and only {_VERSIONS[0]} and {_VERSIONS[1]} are read")
    if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
        raise ValueError(f"its header claims {tensors} tensors and {keys} keys")
    metadata: dict[str, Any] = {}
    for _ in range(keys):
        key = cursor.text(_LONGEST_NAME)
        metadata[key] = cursor.value(cursor.unpack(_KIND)[0], 0)
    placed = [_placed(cursor) for _ in range(tensors)]
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or not 1 <= alignment <= 1024**2:
        raise ValueError(f"its alignment is {alignment}")
    begin = -(-cursor.at // alignment) * alignment
    return GgufHeader(metadata=metadata, tensors=_sized(placed, size - begin))


_Placed = tuple[str, tuple[int, ...], int, int]


def _placed(cursor: _Cursor) -> _Placed:
    name = cursor.text(_LONGEST_NAME)
    dimensions = cursor.unpack(_KIND)[0]
    if dimensions > _MOST_DIMENSIONS:
        raise ValueError(f"tensor `{name}` has {dimensions} dimensions")
    shape = tuple(cursor.unpack(_LENGTH)[0] for _ in range(dimensions))
    if math.prod(shape) > _LARGEST:
        raise ValueError(f"tensor `{name}` has {math.prod(shape)} values")
    kind, offset = cursor.unpack(_PLACE)
    return name, shape, kind, offset


def _sized(placed: list[_Placed], data_bytes: int) -> tuple[Tensor, ...]:
    """Each within the data, none over another."""
    found: dict[str, Tensor] = {}
    order = sorted(placed, key=lambda item: item[3])
    for place, (name, shape, kind, offset) in enumerate(order):
        end = order[place + 1][3] if place + 1 < len(order) else data_bytes
        known = TENSOR_TYPES.get(kind)
        size = end - offset
        if known is not None:
            count = math.prod(shape)
            if count % known.block or (shape and shape[0] % known.block):
                raise ValueError(f"tensor `{name}` has rows that are no whole blocks of {known.name}")
            size = count // known.block * known.block_bytes
        if name in found:
            raise ValueError(f"tensor `{name}` stands in it twice")
        if size < 0 or offset + size > end or end > data_bytes:
            raise ValueError(f"tensor `{name}` ends at {offset + size} of {data_bytes} bytes, or over the next one")
        found[name] = Tensor(name, shape, known.name if known is not None else f"type {kind}", size)
    return tuple(found[name] for name, *_ in placed)


class _Cursor:
    """Reads forward in the first bytes of a file."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        end = self.at + form.size
        if end > len(self.content):
            raise ShortHeader
        found = form.unpack_from(self.content, self.at)
        self.at = end
        return found

    def take(self, count: int) -> bytes:
        self.skip(count)
        return self.content[self.at - count : self.at]

    def skip(self, count: int) -> None:
        if count > MAX_HEADER_BYTES:
            raise ValueError(f"something in its header claims {count} bytes")
        if self.at + count > len(self.content):
            raise ShortHeader
        self.at += count

    def text(self, longest: int) -> str:
        length = self.unpack(_LENGTH)[0]
        if length > longest:
            raise ValueError(f"a name in its header claims {length} bytes")
        return self.take(length).decode("utf-8", "replace")

    def value(self, kind: int, depth: int) -> Any:
        """A value to keep: None for a text that is too long, the length of a list that is."""
        if kind in _UNPACKED:
            return self.unpack(_UNPACKED[kind])[0]
        if kind == _TEXT:
            length = self.unpack(_LENGTH)[0]
            if length > _LONGEST_KEPT:
                self.skip(length)
                return None
            return self.take(length).decode("utf-8", "replace")
        if kind != _LIST:
            raise ValueError(f"its metadata has a value of type {kind}")
        return self._list(depth)

    def _list(self, depth: int) -> Any:
        inner, count = self.unpack(_LIST_HEAD)
        if depth >= _DEEPEST:
            raise ValueError("its metadata has lists in lists in lists")
        if inner in _UNPACKED and count <= _MOST_KEPT:
            return tuple(self.unpack(_UNPACKED[inner])[0] for _ in range(count))
        if inner in _UNPACKED:
            self.skip(count * _UNPACKED[inner].size)
        elif count > MAX_HEADER_BYTES:
            raise ValueError(f"a list in its header claims {count} values")
        elif inner == _TEXT:
            self._skip_texts(count)
        else:
            for _ in range(count):
                self.value(inner, depth + 1)
        return count

    def _skip_texts(self, count: int) -> None:
        """A vocabulary: hundreds of thousands of short texts."""
        at, content, unpack, end = self.at, self.content, _LENGTH.unpack_from, len(self.content)
        for _ in range(count):
            if at + 8 > end:
                raise ShortHeader
            at += 8 + unpack(content, at)[0]
            if at > MAX_HEADER_BYTES:
                raise ValueError("a text in its header does not end")
        if at > end:
            raise ShortHeader
        self.at = at
