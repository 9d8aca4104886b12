"""What a hit must satisfy beside its words, and in which order hits come, as SQL over `models`."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.query import ABOVE, BELOW, Query

_SAME_BITS = {"INT4": ("INT4", "AWQ", "GPTQ", "W4A16"), "INT8": ("INT8", "W8A8", "W8A16")}
_ORDERED_BY = {"largest": "models.parameters DESC", "smallest": "models.parameters", "newest": "models.released DESC"}
_KNOWN_FOR_ORDER = {"largest": "parameters", "smallest": "parameters", "newest": "released"}
_Condition = tuple[str, list[object]]


def conditions(asked: Query, filters: Filters) -> tuple[str, list[object]]:
    where, values = filters.where()
    found = [(where, values), *_of_uses(asked, filters), *_of_sizes(asked), *_of_forms(asked)]
    return " AND ".join(clause for clause, _ in found), [value for _, given in found for value in given]


def ordering(asked: Query) -> str:
    """The beginning of an ORDER BY; empty where hits come by how known they are."""
    return f"{_ORDERED_BY[asked.order]}, " if asked.order else ""


def _of_uses(asked: Query, filters: Filters) -> Iterator[_Condition]:
    if asked.tasks:
        yield f"task IN ({', '.join('?' * len(asked.tasks))})", list(asked.tasks)
    elif not asked.words and "image-editing" not in asked.tags and not filters.task and not asked.quantization:
        yield "task IN ('chat', 'completion')", []
    for tag in asked.tags:
        # Beside other words it may be one of a name: `e5 multilingual`.
        if asked.words:
            yield "(instr(tags, ?) OR instr(' ' || key || ' ', ?))", [f" {tag} "] * 2
        else:
            yield "instr(tags, ?)", [f" {tag} "]


def _of_sizes(asked: Query) -> Iterator[_Condition]:
    if asked.active is not None:
        yield "active_parameters < coalesce(parameters, 1e18)", []
    if asked.is_dense:
        yield "coalesce(active_parameters, parameters) >= parameters", []
    if asked.active:
        yield "active_parameters BETWEEN ? AND ?", [round(asked.active * share) for share in (BELOW, ABOVE)]
    for wanted, clause in (
        (asked.most_active, "active_parameters <= ?"), (asked.least, "parameters >= ?"),
        (asked.most, "parameters <= ?"), (asked.context, "coalesce(native_context, context) >= ?"),
    ):  # fmt: skip
        if wanted is not None:
            yield clause, [wanted]


def _of_forms(asked: Query) -> Iterator[_Condition]:
    if asked.license is not None:
        yield "lower(license) LIKE ? || '%'", [asked.license]
    if asked.quantization:
        forms = _SAME_BITS.get(asked.quantization, (asked.quantization,))
        known = "models.number IN (SELECT rowid FROM texts WHERE texts MATCH ?)"
        yield known, [" OR ".join(f'"{form.casefold()}"' for form in forms)]
    if asked.order:
        # The smallest of all is our own demo, which nobody looks for.
        yield f"models.repo NOT LIKE 'shipped:%' AND models.{_KNOWN_FOR_ORDER[asked.order]} IS NOT NULL", []
    if asked.open_only:
        yield "open", []
