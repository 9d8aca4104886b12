"""YAML of strangers: the fast safe loader, and no entry larger than it can honestly be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.catalog.record import NotThisFormat

# The largest entry of GPUStack 2.3.0 has about 300 nodes; aliases of aliases ("YAML bombs") have billions.
MAX_NODES = 20_000
_MAX_DEPTH = 32


def load(payload: bytes | str) -> Any:
    """The document, or NotThisFormat with YAML's own reason."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(payload, Loader=loader)  # noqa: S506  both loaders are safe ones
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise NotThisFormat(f"not YAML: {reason}") from error


def is_modest(entry: object) -> bool:
    """Whether an entry can be written out: within `MAX_NODES` values, not deeper than 32, no cycle."""
    waiting: list[tuple[object, int]] = [(entry, 0)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > MAX_NODES or depth > _MAX_DEPTH:
            return False
        if isinstance(value, Mapping):
            waiting.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list | tuple | set):
            waiting.extend((item, depth + 1) for item in value)
    return True
