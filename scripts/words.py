"""`catalogs/words.csv` read strictly, and the modules of constants that the program loads in its place.

A search must not read five hundred rows before it begins, so the table is compiled: `make docs` writes the modules,
and `make check` compares them. What each kind of word decides: `catalogs/words.md`.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from modelscan.model.words import Task

COLUMNS = ["kind", "word", "means", "why", "source"]
NAMES, SEARCHES = "catalog/naming/words.py", "catalog/index/words.py"
LANGUAGES = "catalog/naming/languages.py"
_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Word:
    """One row. `means` is empty where the kind says all."""

    kind: str
    word: str
    means: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How the words of a kind are compiled: the module, the constant, its type and doc string, the form of its value.

    `means` are the only meanings allowed; None allows any, an empty set none. Words of a kind of `patterns` are regular
    expressions, those of a kind in `capitals` are in capitals.
    """

    module: str
    constant: str
    type: str
    doc: str
    form: Callable[[Sequence[Word]], str]
    means: frozenset[str] | None = frozenset()
    patterns: bool = False
    capitals: bool = False


def read_words(text: str) -> Mapping[str, Sequence[Word]]:
    """The rows by their kind, in the order of the table.

    Raises ValueError that names the line of what is no row of it: an unknown kind, a word twice, the wrong case, spaces
    around a value, a meaning that its kind does not have, an expression that cannot be read, no why or no source.
    """
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if reader.fieldnames != COLUMNS:
        raise ValueError(f"the columns are {reader.fieldnames}, not {COLUMNS}")
    found: dict[str, list[Word]] = {kind: [] for kind in KINDS}
    seen: set[tuple[str, str, str]] = set()
    for row in reader:
        if set(row) != set(COLUMNS) or None in row.values():
            raise ValueError(f"line {reader.line_num}: it has not {len(COLUMNS)} values")
        word = Word(**row)
        for problem in _problems(word):
            raise ValueError(f"line {reader.line_num}: `{word.word}` {problem}")
        if (known := (word.kind, word.word, word.means)) in seen:
            raise ValueError(f"line {reader.line_num}: `{word.word}` stands twice among `{word.kind}`")
        seen.add(known)
        found[word.kind].append(word)
    if empty := [kind for kind, words in found.items() if not words]:
        raise ValueError(f"no word is of the kind `{empty[0]}`")
    return found


def _problems(word: Word) -> Iterator[str]:
    kind = KINDS.get(word.kind)
    if kind is None:
        yield f"is of the kind `{word.kind}`, which there is not"
        return
    if any(value != value.strip() for value in (word.word, word.means, word.why, word.source)):
        yield "has spaces around a value"
    if not (word.word and word.why and word.source):
        yield "lacks a word, a why or a source"
    if kind.means is not None and word.means not in (kind.means or {""}):
        yield f"cannot mean `{word.means}` as `{word.kind}`"
    if kind.patterns:
        try:
            re.compile(word.word)
        except re.error as error:
            yield f"is no expression: {error}"
    elif word.word != (word.word.upper() if kind.capitals else word.word.casefold()):
        yield f"is not in {'capitals' if kind.capitals else 'lower case'}"


def modules(text: str) -> Mapping[str, str]:
    """The modules of constants for a table, by their path in the package. Raises ValueError."""
    words = read_words(text)
    parts = {path: [head] for path, head in _HEADS.items()}
    for name, kind in KINDS.items():
        value = kind.form(words[name])
        parts[kind.module].append(f'{kind.constant}: {kind.type} = {value}\n"""{kind.doc}"""\n')
    return {path: "\n".join(texts) for path, texts in parts.items()}


_HEADS = {
    NAMES: '''"""Words of names, made by `make docs` from `catalogs/words.csv`, which is edited (pure)."""

# fmt: off
from __future__ import annotations

from modelscan.model import Task
''',
    SEARCHES: '''"""Words of searches, made by `make docs` from `catalogs/words.csv`, which is edited (pure)."""

# fmt: off
from __future__ import annotations
''',
    LANGUAGES: '''"""Words of other languages, made by `make docs` from `catalogs/words.csv`, which is edited (pure)."""

# fmt: off
# ruff: noqa: RUF001
from __future__ import annotations
''',
}


def _set(words: Sequence[Word]) -> str:
    return f"frozenset({{{_list(sorted(_text(item.word) for item in words))}}})"


def _sequence(words: Sequence[Word]) -> str:
    return f"({_list([_text(item.word) for item in words], always_comma=True)})"


def _meanings(words: Sequence[Word]) -> str:
    return f"{{{_list([f'{_text(item.word)}: {_text(item.means)}' for item in words])}}}"


def _sizes(words: Sequence[Word]) -> str:
    return f"{{{_list([f'{_text(item.word)}: {int(item.means):_}' for item in words])}}}"


def _by_meaning(words: Sequence[Word]) -> str:
    """The words of each meaning, the meanings in the order of the table: the first that fits counts."""
    return "(\n" + "".join(f"    ({_text(means)}, {_set(group)}),\n" for means, group in _groups(words)) + ")"


def _expressions(words: Sequence[Word]) -> str:
    """One expression for each meaning, of all its alternatives."""
    rows = (
        f"    ({_expression('|'.join(item.word for item in group))}, {_text(means)}),\n"
        for means, group in _groups(words)
    )
    return "(\n" + "".join(rows) + ")"


def _groups(words: Sequence[Word]) -> list[tuple[str, list[Word]]]:
    groups: dict[str, list[Word]] = {}
    for item in words:
        groups.setdefault(item.means, []).append(item)
    return list(groups.items())


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _list(items: Sequence[str], *, always_comma: bool = False) -> str:
    """What stands between the brackets, in one line where it is short."""
    inner = ", ".join(items)
    if len(inner) < _WIDTH // 2:
        return f"{inner}," if always_comma and len(items) == 1 else inner
    return "\n" + _wrapped(items) + "\n"


def _wrapped(items: Iterable[str]) -> str:
    lines, line = [], " " * 4
    for item in items:
        if len(line) + len(item) + 1 >= _WIDTH:
            lines.append(line.rstrip())
            line = " " * 4
        line += f"{item}, "
    return "\n".join([*lines, line.rstrip()])


def _columns(text: str) -> int:
    """How wide a text is shown: letters of East Asian scripts take two columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _expression(pattern: str) -> str:
    """A raw string, of several lines where it is long: broken between alternatives."""
    lines, line = [], ""
    for part in re.split(r"(?<=\|)", pattern):
        if line and _columns(line + part) > _WIDTH - 40:
            lines.append(line)
            line = ""
        line += part
    texts = [f'r"{text}"' for text in [*lines, line]]
    return texts[0] if len(texts) == 1 else "(\n" + "".join(f"        {text}\n" for text in texts) + "    )"


def _names_kind(
    constant: str, form: Callable[[Sequence[Word]], str], doc: str, means: Iterable[str] | None = (), **more: bool
) -> Kind:
    return Kind(NAMES, constant, _TYPES[form], doc, form, None if means is None else frozenset(means), **more)


def _search_kind(
    constant: str, form: Callable[[Sequence[Word]], str], doc: str, means: Iterable[str] | None = None, **more: bool
) -> Kind:
    return Kind(SEARCHES, constant, _TYPES[form], doc, form, None if means is None else frozenset(means), **more)


def _languages_kind(
    constant: str, form: Callable[[Sequence[Word]], str], doc: str, means: Iterable[str] | None = None, **more: bool
) -> Kind:
    return Kind(LANGUAGES, constant, _TYPES[form], doc, form, None if means is None else frozenset(means), **more)


def _tasks(words: Sequence[Word]) -> str:
    return _meanings(words)


def _tasks_of_signs(words: Sequence[Word]) -> str:
    return _by_meaning(words)


_TYPES: Mapping[Callable[[Sequence[Word]], str], str] = {
    _set: "frozenset[str]",
    _sequence: "tuple[str, ...]",
    _meanings: "dict[str, str]",
    _tasks: "dict[str, Task]",
    _sizes: "dict[str, int]",
    _by_meaning: "tuple[tuple[str, frozenset[str]], ...]",
    _tasks_of_signs: "tuple[tuple[Task, frozenset[str]], ...]",
    _expressions: "tuple[tuple[str, str], ...]",
}
_TASKS = get_args(Task)
_FORMS = {*_TASKS, "sparse", "dense", "vision", "reasoning"}
KINDS = {
    "hub-address": _names_kind(
        "HUB_ADDRESSES", _meanings, "Hosts of hubs, and which hub each is.", {"huggingface", "modelscope", "ollama"}
    ),
    "hub-scheme": _names_kind("HUB_SCHEMES", _sequence, "Before a name with a colon."),
    "host-path": _names_kind("HOST_PATHS", _sequence, "Before a name with a slash, and no organization."),
    "wrapper": _names_kind("WRAPPERS", _sequence, "Expressions of other beginnings.", patterns=True),
    "host": _names_kind("HOSTS", _set, "The same, and maybe an organization too."),
    "file-ending": _names_kind("FILE_ENDINGS", _sequence, "Behind the last dot of a file of weights."),
    "region": _names_kind("REGIONS", _sequence, "Before a name with a dot."),
    "dotted-owner": _names_kind("DOTTED_OWNERS", _sequence, "Owners before a dot in place of a slash."),
    "serving-tag": _names_kind("SERVING_TAGS", _set, "Behind a colon: how a host serves it."),
    "tag": _names_kind("TAGS", _set, "Behind a colon: what is meant where nothing is said."),
    "leading": _names_kind("LEADING", _set, "Hosts put these before a name."),
    "embedding-prefix": _names_kind("EMBEDDING_PREFIXES", _set, "Before names of models that embed."),
    "repo-host": _names_kind("REPO_HOSTS", _set, "Hosts whose ids are repo ids."),
    "joined": _names_kind("JOINED", _sequence, "Words written on to a version."),
    "lab": _names_kind("LAB", _set, "Labs put these before some names of their own."),
    "tuning": _names_kind("TUNING", _set, "People leave these out of a name and mean the same model."),
    "edition": _names_kind("EDITIONS", _set, "These count as a date does."),
    "tier": _names_kind("TIER", _set, "How a host serves a model."),
    "tier-of-tuned": _names_kind("TIER_OF_TUNED", _set, "The same behind a tuning word or a date."),
    "other-model": _names_kind("OTHER_MODEL", _set, "These make another model of a name."),
    "size-word": _names_kind("SIZE_WORDS", _set, "Sizes in words, which name no family."),
    "form": _names_kind("FORMS", _meanings, "They say what a model is, also where its name does not.", _FORMS),
    "short": _names_kind("SHORTS", _meanings, "How people shorten a family.", None),
    "latest": _names_kind("LATEST", _meanings, "Families of Ollama, and the size that their `latest` is.", None),
    "prose": _names_kind("PROSE", _set, "People say these around a name in a sentence; no name has them."),
    "order": _names_kind("ORDERS", _meanings, "An order among models.", {"largest", "smallest", "newest"}),
    "quantization": _names_kind("QUANTIZATION", _meanings, "How weights are stored.", None),
    "quantization-spelling": _names_kind(
        "QUANTIZATION_SPELLINGS", _meanings, "Catalogs' spellings of the same.", None, capitals=True
    ),
    "storage": _names_kind("STORAGE", _set, "About how weights are stored, without saying in what."),
    "gguf-size": _names_kind("GGUF_SIZES", _set, "Behind a quantization of GGUF."),
    "behind-quantization": _names_kind("BEHIND_QUANTIZATION", _set, "Behind any other quantization."),
    "repo-suffix": _names_kind("REPO_SUFFIXES", _sequence, "Repos of a model in another form end so."),
    "recipe-storage": _names_kind("RECIPE_STORAGE", _set, "More of them, in the repos of recipes."),
    "task-sign": _names_kind("TASK_SIGNS", _tasks_of_signs, "In a name: what the model is for.", _TASKS),
    "tag-sign": _names_kind("TAG_SIGNS", _by_meaning, "In a name: a tag for searches.", None),
    "output-task": _names_kind("OUTPUT_TASKS", _tasks, "By what a model puts out.", _TASKS),
    "huggingface-task": _names_kind("HUGGINGFACE_TASKS", _tasks, "The hub's words for tasks.", _TASKS),
    "huggingface-sees": _names_kind("HUGGINGFACE_SEES", _set, "Those of models that take images."),
    "gpustack-task": _names_kind("GPUSTACK_TASKS", _tasks, "GPUStack's words for tasks.", _TASKS),
    "recipe-task": _names_kind("RECIPE_TASKS", _tasks, "The recipes' words for tasks.", _TASKS),
    "filler": _search_kind("FILLERS", _set, "Nothing that tells models apart.", ()),
    "use": _search_kind("USES", _expressions, "What a model is for: a task or a tag.", patterns=True),
    "use-in-name": _search_kind("USES_IN_NAMES", _meanings, "Words of names that are a use where they stand alone."),
    "license": _search_kind("LICENSES", _expressions, "How a licence is called, and how it begins.", patterns=True),
    "small": _search_kind("SMALL", _sizes, "Sizes in words, and the most parameters that are meant."),
    "language": _search_kind("LANGUAGES", _set, "What people speak: beside it `small` is a size.", ()),
    "machine": _search_kind("MACHINES", _sizes, "Machines called by no figure, and their memory in GiB."),
    "translation": _languages_kind(
        "TRANSLATIONS", _expressions, "What words of scripts without spaces mean in English.", patterns=True
    ),
    "foreign": _languages_kind("FOREIGN", _meanings, "What words, phrases and stems (`*`) mean in English."),
    "foreign-filler": _languages_kind("FOREIGN_FILLERS", _set, "They join words of another language.", ()),
}
"""Every kind of word, in the order of the compiled modules."""
