"""Whether a model's entry in models.dev's own form says what it seems to say: every problem at once, by its key.

A refresh is lenient with strangers; the user's own entry is checked, because a figure that is silently unknown is
no help to the one who just wrote it. Unknown keys are kept, and reported when they look like a typo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from modelscan.catalog.sources.models_dev import hub_of
from modelscan.parsing import fields

_Check = tuple[Callable[[object], object], str]
_TEXT: _Check = (lambda value: isinstance(value, str) and fields.text(value), "a text")
_FLAG: _Check = (lambda value: isinstance(value, bool), "true or false")
_DATE: _Check = (fields.date, "a date, as 2026-08 or 2026-08-31")
_PRICE: _Check = (lambda value: fields.number(value) is not None, "US dollars per million tokens, 0 or more")
_TOKENS: _Check = (fields.context, "a number of tokens, 512 or more")
_TEXTS: _Check = (lambda value: isinstance(value, list) and len(fields.texts(value)) == len(value), "a list of texts")
_CHECKS: dict[str, _Check] = {
    **dict.fromkeys(("id", "name", "family", "license", "base_model", "status"), _TEXT),
    **dict.fromkeys(
        ("open_weights", "attachment", "reasoning", "tool_call", "structured_output", "temperature"), _FLAG
    ),
    **dict.fromkeys(("release_date", "last_updated", "knowledge"), _DATE),
    **{f"limit.{name}": _TOKENS for name in ("context", "input", "output")},
    **{f"modalities.{name}": _TEXTS for name in ("input", "output")},
    **{f"cost.{name}": _PRICE for name in ("input", "output", "reasoning", "cache_read", "cache_write")},
}


class EntryReport(NamedTuple):
    """`problems` forbid the entry; `warnings` are keys that are kept without being understood."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def check(entry: Mapping[str, Any]) -> EntryReport:
    problems = [*_problems(entry), *_weights_problems(entry.get("weights", []))]
    return EntryReport(tuple(problems), tuple(_typos(entry)))


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, (is_right, wanted) in _CHECKS.items():
        table, dot, name = key.rpartition(".")
        part = entry.get(table) if dot else entry
        if part is not None and not isinstance(part, Mapping):
            if name in {"context", "input"}:
                yield f"`{table}` must be a table"
        elif part and name in part and not is_right(part[name]):
            yield f"`{key}` must be {wanted}, not `{part[name]}`"


def _weights_problems(listed: object) -> Iterator[str]:
    if not isinstance(listed, list):
        yield "`weights` must be a list of tables: [[weights]]"
        return
    for place, item in enumerate(listed, start=1):
        address = fields.mapping(item).get("url")
        if hub_of(address) is None:
            yield f"`weights` {place}: `url` must be a repo at huggingface.co or modelscope.cn, not `{address}`"


def _typos(entry: Mapping[str, Any]) -> Iterator[str]:
    known = {key.partition(".")[0] for key in _CHECKS} | {"weights", "links", "provider", "interleaved", "experimental"}
    for key in entry:
        if key not in known and (near := get_close_matches(key, known, n=1, cutoff=0.8)):
            yield f"`{key}` is not a known key and is only kept; did you mean `{near[0]}`?"
