"""Finding models by words: the exact name first, then what fits all that was asked, the best known ahead.

SQLite's full text finds the candidates, the best known ones where there are too many, and `_score` orders them by what
a person would count: how much of the name matches, whether size and use agree, official weights before claims,
hosts' offers as popularity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from modelscan.catalog.index.conditions import conditions, ordering
from modelscan.catalog.index.filters import Filters, locate
from modelscan.catalog.index.query import Query, read_query
from modelscan.catalog.index.words import LANGUAGES
from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.lookup import KIND_ORDER, Named
from modelscan.catalog.naming.matching import SIZE_WORD, Rung, climb
from modelscan.catalog.naming.spelling import corrections
from modelscan.catalog.naming.translated import in_english, unread

# In SQL below, `where` is our own text from `conditions` and `Filters.where`; values are always bound.
_CANDIDATES = 400
_COLUMNS = ", ".join(
    f"models.{name}"
    for name in ("id", "key", "lab", "open", "weights", "offers", "released", "tags", "task", "parameters")
)
_EXACT = 1000.0
_FAR = 3.0  # for twice or half the size that was asked for


class Hit(NamedTuple):
    """A model found, with what a list shows of it; `Index.get` has the rest. `score` only orders one search's hits.

    `context` is what sources state, `native_context` what `config.json` does; `least_bytes` and `most_bytes` are about
    the files of its smallest and largest form.
    """

    id: str
    task: str
    parameters: int | None
    context: int | None
    native_context: int | None
    least_bytes: int | None
    most_bytes: int | None
    license: str | None
    open: bool | None
    repo: str | None
    score: float


class Searchable(Protocol):
    """What a search asks of an index."""

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]: ...

    def named(self, text: str) -> list[Named]: ...

    def on_rung(self, rung: Rung, key: str) -> list[str]: ...

    def has_word(self, beginning: str) -> bool: ...

    def words_like(self, word: str) -> dict[str, int]: ...


def search(index: Searchable, query: str, *, limit: int = 20, filters: Filters | None = None) -> list[Hit]:
    """The best models for a query, best first."""
    asked = _spelled(read_query(query), index)
    filters = filters or Filters()
    where, values = conditions(asked, filters)
    if len(asked.tags) > 1 and not _candidates(index, asked, where, values):
        asked = asked._replace(tags=asked.tags[:1])  # no model has all of them
        where, values = conditions(asked, filters)
    if asked.words and LANGUAGES.issuperset(asked.words) and not _candidates(index, asked, where, values):
        # No model is made for this language: those that talk in many.
        asked = asked._replace(words=(), tasks=asked.tasks or ("chat", "completion"))
        where, values = conditions(asked, filters)
    scores: dict[str, float] = {}
    for position, row in enumerate(_candidates(index, asked, where, values)):
        scores.setdefault(row[0], _place(position, row, asked) if asked.order else _score(row, asked))
    where, values = filters.where()  # a size or a use in a whole name is a part of the name
    for model_id in _exact(index, query if query.isascii() else in_english(query)):
        # What hosts call by the name of a family, without known weights, is not what was looked for.
        known = f"SELECT id FROM models WHERE id = ? AND (weights OR open = 0) AND {where}"  # noqa: S608  own text
        if index.rows(known, [model_id, *values]):
            scores[model_id] = _EXACT + scores.get(model_id, 0.0)
    best = sorted(scores, key=lambda model_id: (-scores[model_id], model_id))[:limit]
    marks = ", ".join("?" * len(best))
    rows = index.rows(f"SELECT {', '.join(Hit._fields[:-1])} FROM models WHERE id IN ({marks})", best)  # noqa: S608
    found = {model_id: (*shown, locate(repo), round(scores[model_id], 3)) for model_id, *shown, repo in rows}
    return [Hit(model_id, *found[model_id]) for model_id in best]


def _place(position: int, row: Sequence[Any], asked: Query) -> float:
    """In the order that was asked for; what only its licence or a tag is called by comes after."""
    return -position - (0 if asked.name_words.intersection(asked.words) <= set(row[1].split()) else _CANDIDATES)


def _spelled(asked: Query, index: Searchable) -> Query:
    """Corrections of words that no model has count as words of the name, too."""
    unknown = [word for word in asked.words if word.isalpha() and not index.has_word(word)]
    corrected = {term for word in unknown for term in corrections(word, index.words_like(word))}
    return asked._replace(name_words=asked.name_words | corrected) if corrected else asked


def _exact(index: Searchable, query: str) -> set[str]:
    """Models whose name is the whole query, in any spelling; several mean that the words alone must decide."""
    if unread(query):
        return set()
    if named := index.named(query.strip().casefold()):
        # A host's word for one model does not cast doubt on another's own name.
        kind = min((item.kind for item in named), key=KIND_ORDER.index)
        models = {item.model for item in named if item.kind == kind}
        return models if len(models) == 1 else set()
    climbed = climb(names.words(query.replace("/", " ")), index.on_rung)
    return set(climbed[1]) if climbed and len(climbed[1]) == 1 else set()


def _candidates(index: Searchable, asked: Query, where: str, values: Sequence[object]) -> list[Any]:
    groups = [_alternatives(index, word) for word in asked.words]
    order = ordering(asked)
    everything = f"SELECT {_COLUMNS} FROM models WHERE {where} ORDER BY {order}number LIMIT {_CANDIDATES}"  # noqa: S608  own text
    if not asked.words and asked.is_unread and not asked.use and not asked.most:
        return []
    if not asked.words:
        return index.rows(everything, values)
    query = (
        f"SELECT {_COLUMNS} FROM texts JOIN models ON models.number = texts.rowid"  # noqa: S608  own text
        f" WHERE texts MATCH ? AND {where} ORDER BY {order}texts.rowid LIMIT {_CANDIDATES}"
    )
    # Where not every word is found, a name must be: a number alone would find anything.
    known = [group for group, word in zip(groups, asked.words, strict=True) if group and word.isalpha()]
    for sought in (" AND ".join(groups) if all(groups) else "", " AND ".join(known), " OR ".join(known)):
        if sought and (found := index.rows(query, [sought, *values])):
            return found
    # What a model is for says enough, also beside words that no such model has: `chinese tts`.
    return index.rows(everything, values) if asked.use else []


def _alternatives(index: Searchable, word: str) -> str:
    """FTS5's expression for one word: itself, its beginnings, or where it is unknown its nearest corrections."""
    if word[0].isdigit() or (len(word) > 1 and word[1].isdigit()):
        # Versions: `4` is not `4b`, but `k2` may be `k2.5`.
        return f'("{word}" OR "{word}."*)'
    if index.has_word(word):
        return f'("{word}" OR "{word}"*)' if len(word) > 1 else f'"{word}"'
    corrected = [f'"{term}"' for term in corrections(word, index.words_like(word))]
    return f"({' OR '.join(corrected)})" if corrected else ""


def _score(row: Sequence[Any], asked: Query) -> float:
    """Higher is better; each line is worth less than the one before it."""
    _, key, lab, is_open, has_weights, offers, released, tags, task, parameters = row
    parts = key.split()
    named = sum(1 for word in parts if word in asked.name_words)
    missing = sum(1 for word in asked.words if word not in parts and f" {word} " not in tags)
    score = (4.0 if asked.words else 0.5) * named / len(parts) if parts else 0.0
    score -= 2.0 * missing
    # `llama 8b` is more a Llama than DeepSeek-R1-Distill-Llama, and more an 8b than a 7b.
    score += 1.0 if asked.words and _first(parts) in asked.name_words else 0.0
    sizes = filter(SIZE_WORD.fullmatch, asked.name_words) if asked.size else ()
    score += 0.7 if any(word in parts for word in sizes) else 0.0
    score += 3.5 if has_weights else (1.5 if is_open == 0 else 0.0)
    score += 0.5 if lab else 0.0
    score += 0.35 * math.log1p(offers)
    score += _recency(released)
    score -= _FAR * abs(math.log2(parameters / asked.size)) if asked.size and parameters else 0.0
    # Of a family that hears, speaks and embeds, who names only the family means the one that talks.
    score += 0.6 if task == "chat" and not missing and not asked.tasks else 0.0
    return score


def _first(parts: Sequence[str]) -> str:
    return next((word for word in parts if word not in vocabulary.LAB), "")


def _recency(released: str | None) -> float:
    """0 for 2022 and before, 0.15 more for each year since."""
    if not released:
        return 0.0
    return 0.15 * max(0.0, int(released[:4]) + int(released[5:7]) / 12 - 2022)  # both digits: `fields.date` checked
