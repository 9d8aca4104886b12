"""The header of a safetensors file: types and sizes of its tensors, validated before anything loads it.

Format: eight bytes of length (little endian), that many bytes of JSON, then the tensors; offsets count from the end of
the header (huggingface/safetensors README, "Format").
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from modelscan.dataclasses import dataclass, field

# The limit of the reference reader (safetensors, src/tensor.rs, MAX_HEADER_SIZE).
MAX_HEADER_BYTES = 100_000_000
# Most headers are smaller, so one request is enough. huggingface_hub asks for as much (utils/_safetensors.py, 100 kB).
HEADER_GUESS = 100_000
_PREFIX = 8
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64,
    "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class TensorSums:
    """Sums over tensors, by type as the file names it. Packed weights count as their storage type."""

    bytes_by_dtype: Mapping[str, int] = field(default_factory=dict)
    parameters_by_dtype: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: TensorSums) -> TensorSums:
        return TensorSums(
            bytes_by_dtype=dict(Counter(self.bytes_by_dtype) + Counter(other.bytes_by_dtype)),
            parameters_by_dtype=dict(Counter(self.parameters_by_dtype) + Counter(other.parameters_by_dtype)),
        )


def bits_of(dtype: str) -> int | None:
    """Bits per value of a type; None for an unknown type."""
    return _BITS.get(dtype)


def header_end(start: bytes, size: int) -> int:
    """Where the header ends, from the first bytes of a file of `size` bytes. Raises ValueError."""
    length = int.from_bytes(start[:_PREFIX], "little")
    if len(start) < _PREFIX or length > min(size - _PREFIX, MAX_HEADER_BYTES):
        raise ValueError(f"its header claims {length} bytes, but the file has {size}")
    return _PREFIX + length


def parse_header(content: bytes, size: int) -> TensorSums:
    """The sums of a file of `size` bytes from all bytes up to the end of its header. Raises ValueError."""
    try:
        return sum_tensors(json.loads(content[_PREFIX:]), size - len(content))
    except RecursionError as error:
        raise ValueError(str(error)) from error


def sum_tensors(header: Any, data_bytes: int) -> TensorSums:
    """The sums over a header's tensors, each checked against the size of the data. Raises ValueError."""
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")  # noqa: TRY004  one kind of failure: a damaged file
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    ranges: list[tuple[int, int, str]] = []
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        dtype, shape, begin, end = _tensor(name, tensor)
        if not 0 <= begin <= end <= data_bytes:
            raise ValueError(f"tensor `{name}` is at {begin} to {end} of {data_bytes} bytes")
        count = math.prod(shape)
        bits = _BITS.get(dtype)
        if bits is not None and (count * bits + 7) // 8 != end - begin:
            raise ValueError(f"tensor `{name}` has {end - begin} bytes for {count} values of {dtype}")
        sizes[dtype] += end - begin
        counts[dtype] += count
        ranges.append((begin, end, name))
    _refuse_gaps(ranges, data_bytes)
    return TensorSums(bytes_by_dtype=dict(sizes), parameters_by_dtype=dict(counts))


def _refuse_gaps(ranges: list[tuple[int, int, str]], data_bytes: int) -> None:
    """The format forbids overlaps, gaps and trailing data, and its readers refuse them (src/tensor.rs, `validate`)."""
    at = 0
    for begin, end, name in sorted(ranges):
        if begin != at:
            raise ValueError(f"tensor `{name}` begins at {begin} instead of {at}")
        at = end
    if at != data_bytes:
        raise ValueError(f"{data_bytes - at} trailing bytes belong to no tensor")


def _tensor(name: str, tensor: Any) -> tuple[str, list[int], int, int]:
    try:
        dtype, shape, (begin, end) = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"tensor `{name}` has no valid dtype, shape and offsets") from error
    numbers = [*shape, begin, end] if isinstance(shape, list) else [None]
    if not isinstance(dtype, str) or not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError(f"tensor `{name}` has an invalid dtype, shape or offsets")
    return dtype, shape, begin, end
