"""The open index: the user's own or the shipped one, with the user's own files laid over it.

A damaged index of the user's costs nothing: the shipped one takes over, and `notice` says so. Models come back whole;
`shipped:` folders become paths here, because only the running program knows where it is installed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelscan import dataclasses
from modelscan.catalog.index.filters import SHIPPED_FOLDER, Filters, locate
from modelscan.catalog.index.schema import SHIPPED_NAME
from modelscan.catalog.index.search import search
from modelscan.catalog.index.whole import DamagedIndex, check
from modelscan.catalog.naming import names
from modelscan.catalog.naming.lookup import Member, Named
from modelscan.catalog.naming.matching import Rung
from modelscan.catalog.naming.spelling import corrections, stumps_of
from modelscan.catalog.sources.standing import STANDINGS
from modelscan.catalog.sources.state import SourceState
from modelscan.storage.documents import from_document
from modelscan.storage.shipped import shipped

if TYPE_CHECKING:
    from modelscan.model import Model, Weights

__all__ = ["DamagedIndex", "Index", "open_base"]

_MEMBER_COLUMNS = (
    "id",
    "key",
    "lab",
    "open",
    "weights",
    "parameters",
    "task",
    "offers",
    "active_parameters",
    "tags",
    "released",
)
# Below this share of letters in common a name is no misspelling: `nosuch` and `flux/schnell`.
_NEAR = 0.72
_SHORT = 3  # letters, which begin too many words
_DOCUMENTS = "SELECT id, document FROM models JOIN documents USING (number)"


class Index:
    """Read-only. `layers` are connections, the later hidden by the earlier where both know an id."""

    def __init__(self, base: sqlite3.Connection, *, path: Path | None, notice: str | None = None) -> None:
        """`path` is the user's index file, None for the shipped one."""
        self._base = base
        self._path = path
        self._overlay: sqlite3.Connection | None = None
        self._hidden: frozenset[str] = frozenset()
        self.notice = notice
        self.left_out: str | None = None

    @property
    def warning(self) -> str | None:
        """What a user should know of it: that a file is damaged, and that registered models are left out."""
        return "; ".join(filter(None, [self.notice, self.left_out])) or None

    def with_overlay(self, overlay: sqlite3.Connection, problems: Sequence[str]) -> Index:
        """This index with another laid over it, whose models hide those of the same id."""
        self._overlay = overlay
        self._hidden = frozenset(row[0] for row in overlay.execute("SELECT id FROM models"))
        self.notice = "; ".join(filter(None, [self.notice, *problems])) or None
        return self

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of both layers; the first column must be a model's id."""
        found = list(self._overlay.execute(query, values)) if self._overlay else []
        found.extend(row for row in self.base_rows(query, values) if row[0] not in self._hidden)
        return found

    def base_rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """Rows of the index itself. Where damage shows only now, the same query runs on the shipped index."""
        try:
            return list(self._base.execute(query, values))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.ProgrammingError) or self._path is None:
                raise
            self.notice, self._path = damage_notice(self._path, error), None
            self._base.close()
            self._base = _connect_shipped()
            return list(self._base.execute(query, values))

    def get(self, model_id: str) -> Model | None:
        for _, document in self.rows(f"{_DOCUMENTS} WHERE id = ?", [model_id]):
            return _model(document)
        return None

    def models(self, filters: Filters | None = None) -> Iterator[Model]:
        """Every model in the order of its id."""
        where, values = (filters or Filters()).where()
        for _, document in sorted(self.rows(f"{_DOCUMENTS} WHERE {where}", values)):
            yield _model(document)

    def documents(self) -> list[tuple[str, str]]:
        """Id and document of every model in the index itself."""
        return [(str(key), str(text)) for key, text in self.base_rows(_DOCUMENTS)]

    def records(self, model_id: str) -> list[tuple[str, str, Mapping[str, Any]]]:
        """What the sources say about a model, verbatim: source, its key there, entry."""
        query = "SELECT source, key, raw FROM records WHERE model = ? ORDER BY rowid"
        rows = list(self._overlay.execute(query, [model_id])) if self._overlay else []
        rows.extend(self.base_rows(query, [model_id]))
        return [(source, key, json.loads(raw)) for source, key, raw in rows]

    def entries(
        self, source: str, wanted: Callable[[str], bool] = lambda _: True
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The entries of a source whose key is wanted, verbatim."""
        for key, raw in self.raw_entries(source):
            if wanted(key):
                yield key, json.loads(raw)

    def raw_entries(self, source: str) -> list[tuple[str, str]]:
        """As `entries`, as the text of JSON."""
        query = "SELECT key, raw FROM records WHERE source = ? ORDER BY rowid"
        return [(str(key), str(raw)) for key, raw in self.base_rows(query, [source])]

    def keys(self, model_id: str) -> tuple[str | None, tuple[str, ...], frozenset[tuple[Rung, str]]]:
        """The lab of a model, the words of its name, and the rungs on which it stands."""
        ((lab, key),) = self.base_rows("SELECT lab, key FROM models WHERE id = ?", [model_id])
        rungs = self.base_rows("SELECT rung, key FROM rungs WHERE model = ?", [model_id])
        return lab, tuple(key.split()), frozenset((Rung(rung), text) for rung, text in rungs)

    def sources(self) -> list[SourceState]:
        rows = self.base_rows("SELECT name, state FROM sources ORDER BY name")
        if self._overlay:
            rows.extend(self._overlay.execute("SELECT name, state FROM sources"))
        return [from_document(SourceState, json.loads(state)) for _, state in rows]

    def source_names(self) -> list[str]:
        """Every source that models can be from."""
        return sorted({*STANDINGS, *(state.name for state in self.sources())})

    def day(self) -> str | None:
        """The date of the hosts' offers, which change fastest."""
        for (state,) in self.base_rows("SELECT state FROM sources WHERE name = 'models.dev'"):
            values = json.loads(state)
            return str(values.get("fetched_at") or values.get("date") or "")[:10] or None
        return None

    def count(self) -> int:
        return len(self.rows("SELECT id FROM models"))

    def registered_starting_with(self, beginning: str) -> list[str]:
        """Ids for the shell to complete with, of models that users, files, seeds or our own list name."""
        said_by = " OR ".join(f"instr(sources, ' {name} ')" for name in ("registered", "local", "models.yaml"))
        text = beginning.lower()
        query = f"SELECT id FROM models WHERE id >= ? AND id < ? AND ({said_by}) ORDER BY id"  # noqa: S608  our own text
        return sorted(row[0] for row in self.rows(query, [text, f"{text}\U0010ffff"]))

    def names_starting_with(self, beginning: str, *, limit: int, with_weights: bool = False) -> list[str]:
        """Ids and aliases for the shell to complete with, in the order of the alphabet; `with_weights` only those of
        models that have a repo.
        """
        text = beginning.lower()
        only = " AND models.weights" if with_weights else ""
        query = (
            "SELECT model, name FROM (SELECT id AS model, id AS name FROM models UNION"  # noqa: S608  our own text
            " SELECT model, text AS name FROM aliases) JOIN models ON models.id = model"
            f" WHERE name >= ? AND name < ?{only} ORDER BY name LIMIT ?"
        )
        return sorted({name for _, name in self.rows(query, [text, f"{text}\U0010ffff", limit])})[:limit]

    # for `identity.resolve`

    def named(self, text: str) -> list[Named]:
        rows = self.rows("SELECT model, kind FROM aliases WHERE text = ?", [text])
        return [Named(model, kind) for model, kind in rows]

    def on_rung(self, rung: Rung, key: str) -> list[str]:
        return [row[0] for row in self.rows("SELECT model FROM rungs WHERE key = ? AND rung = ?", [key, int(rung)])]

    def has_word(self, beginning: str) -> bool:
        """Whether any name or description has a word that begins so."""
        query = "SELECT term FROM vocabulary WHERE term >= ? AND term < ? LIMIT 1"
        values = [beginning, f"{beginning}\U0010ffff"]
        return bool(
            self.base_rows(query, values) or (self._overlay and self._overlay.execute(query, values).fetchone())
        )

    def words_like(self, word: str) -> dict[str, int]:
        """Words of names and descriptions that `word` may be a misspelling of, with how many models have each."""
        stumps = list(stumps_of(word))
        query = (
            "SELECT DISTINCT term, models FROM stumps JOIN vocabulary USING (term)"  # noqa: S608  our own text
            f" WHERE stump IN ({', '.join('?' * len(stumps))})"
        )
        found = dict(self.base_rows(query, stumps))
        return found | dict(self._overlay.execute(query, stumps)) if self._overlay else found

    def members(self, key: str) -> list[Member]:
        # On rung 2 stand the words without `meta`, `nvidia`, `instruct` …: `llama 3 8b` for Meta-Llama-3-8B-Instruct.
        where = "rungs.rung IN (0, 2) AND (rungs.key = ? OR (rungs.key > ? AND rungs.key < ?))"
        return self._members(f"JOIN rungs ON rungs.model = models.id WHERE {where}", [key, f"{key} ", f"{key}!"])

    def containing(self, word: str) -> list[Member]:
        where = "texts MATCH ? AND models.key LIKE ?"
        values = [f'name: "{word}"', f"%{word}%"]
        return self._members(f"JOIN texts ON texts.rowid = models.number WHERE {where}", values)

    def _members(self, joined: str, values: Sequence[object]) -> list[Member]:
        columns = ", ".join(f"models.{name}" for name in _MEMBER_COLUMNS)
        # A lab's id begins with its name or its organization's.
        official = "EXISTS (SELECT 1 FROM labs WHERE alias = substr(models.id, 1, instr(models.id, '/') - 1))"
        rows = self.rows(f"SELECT DISTINCT {columns}, {official} FROM models {joined}", values)  # noqa: S608  ours
        return [
            Member(
                id=row[0], key=row[1], lab=row[2], open=None if row[3] is None else bool(row[3]), weights=bool(row[4]),
                parameters=row[5], task=row[6], offers=row[7], active=row[8], tags=tuple(row[9].split()),
                released=row[10], official=bool(row[11]),
            )
            for row in rows
        ]  # fmt: skip

    def family_default(self, key: str) -> tuple[str, str] | None:
        rows = self.rows("SELECT model, reason FROM families WHERE key = ?", [key])
        return (rows[0][0], rows[0][1]) if rows else None

    def lab(self, owner: str) -> str | None:
        rows = self.base_rows("SELECT lab FROM labs WHERE alias = ?", [owner.casefold()])
        return str(rows[0][0]) if rows else None

    def is_host(self, owner: str) -> bool:
        """Whether a source lists it as a host of others' models."""
        query = "SELECT 1 FROM records WHERE model = '' AND source = 'models.dev' AND key = ?"
        return bool(self.base_rows(query, [f"{owner.casefold()}:"]))

    def near(self, text: str) -> list[str]:
        """At most five ids: what a search finds, else the names that are spelled most alike."""
        from difflib import get_close_matches

        if found := [hit.id for hit in search(self, text, limit=5) if self._shares_words(hit.id, text)]:
            base = {row[0] for row in self.rows("SELECT id FROM models WHERE task = 'completion'")}
            return sorted(found, key=base.__contains__) if "base" not in text.casefold() else found
        by_name: dict[str, str] = {}
        for (model_id,) in self.rows("SELECT id FROM models ORDER BY offers DESC"):
            by_name.setdefault(model_id.rpartition("/")[2], model_id)
        return [by_name[name] for name in get_close_matches(text.lower(), by_name, n=5, cutoff=_NEAR)]

    def _shares_words(self, model_id: str, text: str) -> bool:
        """Whether a model's name has half of the words that a text has, or words that these may be misspelled for."""
        known = self.rows("SELECT id, key, tags, task FROM models WHERE id = ?", [model_id])[0]
        own = f"{known[1]} {known[2]} {known[3]}".replace("-", " ").split()
        wanted = [{word, *corrections(word, self.words_like(word))} for word in names.words(text) if word.isalpha()]
        shared = sum(any(_is_beginning(other, one) for one in own for other in word) for word in wanted)
        return 2 * shared >= len(wanted)

    def close(self) -> None:
        self._base.close()
        if self._overlay:
            self._overlay.close()


def _is_beginning(word: str, other: str) -> bool:
    """Whether a word begins another; a short one must be it."""
    return other.startswith(word) if len(word) > _SHORT else word == other


def open_base(path: Path) -> Index:
    """The user's index at `path`, or the shipped one, without the user's own files."""
    try:
        return Index(connect(path), path=path)
    except (FileNotFoundError, NotADirectoryError):
        return open_shipped()
    except (DamagedIndex, sqlite3.DatabaseError, OSError) as error:
        return Index(_connect_shipped(), path=None, notice=damage_notice(path, error))


def open_shipped() -> Index:
    """That of the program, whatever index the user has."""
    return Index(_connect_shipped(), path=None)


def _connect_shipped() -> sqlite3.Connection:
    return connect(shipped(SHIPPED_NAME), trusted=True)


def damage_notice(path: Path | None, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"the catalog index `{path}` is damaged ({reason}); the shipped one is used: modelscan catalog refresh"


def connect(path: Path, *, trusted: bool = False) -> sqlite3.Connection:
    """A read-only connection to a whole index of our format; a `trusted` one is not read through to see that.

    Raises DamagedIndex, OSError or sqlite3.DatabaseError.
    """
    check(path, trusted=trusted)
    name = str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")  # sqlite.org/uri.html
    # No index is ever changed in its place, and a journal beside it is none of its own: `immutable` looks for none.
    return sqlite3.connect(f"file:{name}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _model(document: str) -> Model:
    from modelscan.catalog.index.documents import read_model  # a list of hits needs no whole model

    return _with_paths(read_model(document))


def _with_paths(model: Model) -> Model:
    """The model with its shipped folder as a path."""
    if not any(weights.repo_id.startswith(SHIPPED_FOLDER) for weights in model.weights):
        return model
    return dataclasses.replace(model, weights=tuple(_located(weights) for weights in model.weights))


def _located(weights: Weights) -> Weights:
    return dataclasses.replace(weights, repo_id=locate(weights.repo_id) or weights.repo_id)
