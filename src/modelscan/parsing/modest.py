"""How large a stranger's value may be that is kept and written out again."""

from __future__ import annotations

# The largest entry of GPUStack 2.3.0 has about 300 nodes; aliases of aliases ("YAML bombs") have billions.
MAX_NODES = 20_000
_DEEPEST = 32
_LONGEST_INTEGER = 1_000  # bits
_KEYS = frozenset({str, int, float, bool, type(None)})


def is_modest(entry: object) -> bool:
    """Whether an entry can be written out: at most `MAX_NODES` values, 32 deep, no cycle, JSON's keys and numbers."""
    level, seen = [entry], 1
    for _ in range(_DEEPEST + 1):
        deeper: list[object] = []
        for value in level:
            if isinstance(value, dict):
                if not _KEYS.issuperset(map(type, value)):
                    return False
                deeper.extend(value.values())
            elif isinstance(value, list | tuple | set):
                deeper.extend(value)
            elif isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
                return False
            if seen + len(deeper) > MAX_NODES:
                return False
        if not deeper:
            return True
        level, seen = deeper, seen + len(deeper)
    return False
