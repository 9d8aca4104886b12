"""What a refresh changed: the index against the one before it."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.catalog.index.documents import read_model
from modelscan.catalog.index.index import Index
from modelscan.dataclasses import dataclass, field_names
from modelscan.model import Model

_WATCHED = ("pricing", "limits")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One figure of a model; `field` is dotted as in the model's document: `pricing.input`, `limits.context`."""

    id: str
    field: str
    before: float | None
    after: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Renamed:
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """`before` and `after` are when the data of the two indexes was fetched, or its date."""

    before: str | None
    after: str | None
    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[Renamed, ...]
    changed: tuple[Change, ...]


def difference(old: Index, new: Index) -> Difference:
    """Ids that were added, removed or renamed, and prices and limits that changed."""
    before, after = dict(old.documents()), dict(new.documents())
    renamed: list[Renamed] = []
    gone: list[str] = []
    for model_id in sorted(before.keys() - after.keys()):
        now = [named.model for named in new.named(model_id.casefold()) if named.model not in before]
        renamed.extend(Renamed(before=model_id, after=other) for other in now[:1])
        gone.extend([model_id] if not now else [])
    arrived = after.keys() - before.keys() - {item.after for item in renamed}
    pairs = [(model_id, model_id) for model_id in sorted(after.keys() & before.keys())]
    pairs.extend((item.before, item.after) for item in renamed)
    return Difference(
        before=_when(old),
        after=_when(new),
        new=tuple(sorted(arrived)),
        gone=tuple(gone),
        renamed=tuple(renamed),
        changed=tuple(
            change
            for was, now_id in pairs
            if before[was] != after[now_id]
            for change in _changes(read_model(before[was]), read_model(after[now_id]))
        ),
    )


def _changes(old: Model, new: Model) -> Iterator[Change]:
    for part in _WATCHED:
        was, now = getattr(old, part), getattr(new, part)
        for name in field_names(was):
            before, after = getattr(was, name), getattr(now, name)
            if before != after:
                yield Change(id=new.id, field=f"{part}.{name}", before=before, after=after)


def _when(index: Index) -> str | None:
    return max((state.fetched_at or state.date or "" for state in index.sources()), default="") or None
