"""How the arguments of backends changed: which version knows a name, and what an old form has become.

Both are data (`catalogs/backend_arguments.csv`, `catalogs/argument_translations.csv`), so that the next version is an
edit of a table.
"""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Self

from packaging.version import InvalidVersion, Version

from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.dataclasses import dataclass
from modelscan.errors import Usage

_OLDEST = Version("0")


@lru_cache(maxsize=4096)
def release(version: str) -> Version:
    """The release that a version belongs to, for comparing: `0.32.0+cpu` and `0.32rc1` are of `0.32`, which is
    `0.32.0`. What is no version (a branch, a word) is older than all.
    """
    try:
        return Version(Version(version).base_version)
    except InvalidVersion:
        return _OLDEST


@dataclass(frozen=True, kw_only=True, slots=True)
class Translation:
    """One row: from version `since` on, `name` with `value` (empty: any) is written as `becomes` (empty: left out).

    `{}` in `becomes` is the value. `models` is a pattern of repos: such a row corrects catalogs, never a user.
    """

    backend: str
    name: str
    value: str
    since: Version
    becomes: str
    models: str
    why: str

    def words(self, argument: Argument) -> tuple[str, ...]:
        value = argument.values[0] if argument.values else ""
        return tuple(word.replace("{}", value) for word in self.becomes.split())


@dataclass(frozen=True, slots=True)
class Adapted:
    """Arguments as the planned version takes them, and a sentence for each that was given in another form."""

    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArgumentHistory:
    """`known`: per backend and name the first version that has it and the first that has it no more, where there is
    such a version. `translations`: per backend and name the rows that may apply, in the order of the table.
    """

    known: Mapping[tuple[str, str], tuple[Version | None, Version | None]]
    translations: Mapping[tuple[str, str], Sequence[Translation]]

    @classmethod
    def parse(cls, arguments_csv: str, translations_csv: str) -> Self:
        """Of the texts of the two tables. Raises KeyError or ValueError for a text that is not that table."""
        translations: dict[tuple[str, str], list[Translation]] = {}
        for row in csv.DictReader(translations_csv.splitlines()):
            translations.setdefault((row["backend"], row["name"]), []).append(
                Translation(
                    backend=row["backend"],
                    name=row["name"],
                    value=row["value"],
                    since=release(row["since"]),
                    becomes=row["becomes"],
                    models=row["models"],
                    why=row["why"],
                )
            )
        return cls(
            {
                (backend, name): (release(since) if since else None, release(until) if until else None)
                for backend, name, since, until in csv.reader(arguments_csv.splitlines()[1:])
            },
            translations,
        )

    def adapt(self, arguments: Sequence[str], *, backend: str, title: str, version: str | None) -> Adapted:
        """What a user gave, for this version. Raises Usage for a name that this version does not have, or no more."""
        words: list[str] = []
        notes: list[str] = []
        for argument in read_arguments(arguments):
            row = self.translation(argument, backend, version)
            if row is None:
                self._check(argument, backend, title, version)
                words += argument.words
            else:
                words += row.words(argument)
                notes.append(f"`{argument.shown}` {_became(row, argument)}: {row.why}")
        return Adapted(tuple(words), tuple(notes))

    def translation(
        self, argument: Argument, backend: str, version: str | None, *, repo_id: str | None = None
    ) -> Translation | None:
        """The row for an argument in this version; None is the newest. `repo_id` where a catalog says it."""
        if "." in argument.words[0].partition("=")[0] or len(argument.values) > 1:
            return None
        value = argument.values[0] if argument.values else ""
        return next(
            (
                row
                for row in self.translations.get((backend, argument.name), ())
                if row.value in {"", value}
                and (version is None or release(version) >= row.since)
                and (not row.models or (repo_id is not None and fnmatch.fnmatchcase(repo_id, row.models)))
            ),
            None,
        )

    def missing(self, words: Iterable[str], *, backend: str, version: str | None) -> str | None:
        """The first name among words of a command line that this version does not have, with since or until when."""
        for word in words:
            name = word.partition("=")[0]
            reason = self._absent(name, backend, version) if word.startswith("--") else None
            if reason is not None:
                return f"`{name}`, which {reason}"
        return None

    def _check(self, argument: Argument, backend: str, title: str, version: str | None) -> None:
        reason = self._absent(argument.name, backend, version)
        if reason is not None:
            raise Usage(
                f"{title} {version} has no `{argument.name}`",
                cause=[f"it {reason}"],
                hints=["remove that --backend-arg"],
                details={"argument": argument.name, "backend": backend, "version": version},
            )

    def _absent(self, name: str, backend: str, version: str | None) -> str | None:
        positive = f"--{name.removeprefix('--no-')}"
        since, until = self.known.get((backend, name)) or self.known.get((backend, positive)) or (None, None)
        if version is not None and since is not None and release(version) < since:
            return f"was added in {since}"
        if until is not None and (version is None or release(version) >= until):
            return f"was removed in {until}"
        return None


def _became(row: Translation, argument: Argument) -> str:
    words = " ".join(row.words(argument))
    return f"is now `{words}`" if words else "is dropped"
