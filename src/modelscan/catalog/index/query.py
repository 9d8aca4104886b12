"""A search, parsed: words of a name, a size, a use, a quantization (pure).

Sizes follow how people write them: `7b` is about seven billion, `under 10b` and `<=14b` are bounds. Uses have many
words (`tts`, `asr`, `vlm`), which mean a task or a tag of ours.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple, get_args

from modelscan.catalog.index import words as vocabulary
from modelscan.catalog.index.memory_words import WITHOUT_GPU, largest_for
from modelscan.catalog.naming import languages as vocabulary_of_languages
from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary_of_names
from modelscan.catalog.naming.translated import in_english
from modelscan.model import Task

_TASKS = frozenset(get_args(Task))
_TELLING = 3  # letters that every alternative of a phrase spells out at its beginning
_BOUND = (
    r"(?<![a-z0-9.-])(?P<low>over|above|more than|at least|from|>=?)?"
    r"(?P<high>under|below|less than|smaller than|<(?!=))?(?P<most>up to|at most|max(?:imum)?|<=)?"
    r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[bmt])(?:illion)?(?: param(?:eter)?s?)?(?![a-z0-9])"
)
_CONTEXT = (
    r"(?:(?:long|large|big) )?context(?: length| window)?(?: of)? (\d+)\s*([km])"
    r"|(\d+)\s*([km])\s*(?:tokens? )?(?:long )?context(?: window)?|(?:long|large|big) context"
)
_EXPERTS = r"\bmoe\b|\bmixture[ -]of[ -]experts\b"
# What is called few: no more than a tenth of what a large model has.
_FEW_ACTIVE = r"\b(?:few|fewest|little|low|small) activ\w+(?: param(?:eter)?s?)?"
_MOST_OF_FEW = 6_000_000_000
# To read the patterns of machines takes longer than a search: most queries have none of these.
_GPU_ALONE = (
    r"^ [a-z]{1,2}\d{2,3}[a-z]? $|\dg | (?:\d ?x|two|dual|double|three|triple|four|quad) ?[a-z]{0,2}\d{2,4}[a-z]? "
)
_MACHINE = (
    "gb",
    "gib",
    "gig",
    "go ",
    "gpu",
    "cpu",
    "raspberry",
    "tx ",
    "rx ",
    "radeon",
    "geforce",
    " for ",
    " on ",
    " with ",
    " my ",
)
_DENSE = r"\bdense\b"
_ACTIVE = r"(\d+(?:\.\d+)?)b[ -]activ\w+(?: param(?:eter)?s?)?|activ\w+ (?:param(?:eter)?s? )?(\d+(?:\.\d+)?)b"
_TALKS = r"\bllms?\b|\blanguage models?\b"
_OPEN = r"\bopen[ -]?(?:source|weights?|models?|llms?)\b"
# Around a stated size: models that are called 7b have 6.2 to 8.5 billion parameters.
BELOW, ABOVE = 0.75, 1.35
_LONG_CONTEXT = 900_000
# The other words of an order are sizes in names: `small`, `big`.
_SUPERLATIVES = frozenset({"biggest", "largest", "smallest", "newest", "latest"})


class Query(NamedTuple):
    """A parsed search; a light tuple, because every search makes one. `name_words` are all its words, those with
    another meaning too.

    `active` is the number of active parameters of a mixture of experts, 0 where any will do. `is_unread` where there
    is text in letters that no name has.
    """

    words: tuple[str, ...]
    name_words: frozenset[str]
    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    context: int | None = None
    quantization: str | None = None
    open_only: bool = False
    active: int | None = None
    license: str | None = None
    is_unread: bool = False
    most_active: int | None = None
    order: str | None = None
    is_dense: bool = False

    @property
    def use(self) -> bool:
        """Whether it says what the model is for."""
        return bool(
            self.tasks or self.tags or self.context or self.license or self.quantization or self.order
            or self.active is not None or self.is_dense
        )  # fmt: skip

    @property
    def size(self) -> float | None:
        """The size in the middle, where one was named rather than a bound."""
        return math.sqrt(self.least * self.most) if self.least and self.most else None


def read_query(text: str) -> Query:
    """Parse a query. Nothing in it is an error."""
    text = in_english(text)
    rest = f" {' '.join(text.split())} "
    machine, rest = _machine(rest)
    context, rest = _context(rest)
    active, most_active, rest = _active(rest)
    rest, dense = re.subn(_DENSE, " ", rest) if "dense" in rest else (rest, 0)
    license_, rest = _license(rest)
    tasks, tags, rest = _uses(rest)
    rest, open_only = re.subn(_OPEN, " ", rest) if "open" in rest else (rest, 0)
    least, most, rest = _sizes(rest)
    parts, quantization = names.without_quantization(("", *_words(rest)))
    order = next((vocabulary_of_names.ORDERS[word] for word in parts if word in _SUPERLATIVES), None)
    words: dict[str, None] = {}
    for word in parts[1:]:
        if order and word in _SUPERLATIVES:
            continue
        if word in vocabulary.USES_IN_NAMES:
            tags[vocabulary.USES_IN_NAMES[word]] = None
        elif word not in vocabulary.FILLERS:
            words[word] = None
    # A small embedder or transcriber is a tenth of a small chat model.
    share = 10 if any(task not in {"chat", "completion"} for task in tasks) else 1
    if machine == WITHOUT_GPU:  # who says the size knows how slow that is
        machine = None if least else machine // share
    if machine and vocabulary_of_languages.FOREIGN_FILLERS.issuperset(words):
        words = {}  # `para 12gb`: nothing is left that could be a name
    if (sized := words.keys() & vocabulary.SMALL.keys()) and words.keys() - sized <= vocabulary.LANGUAGES:
        # Alone, "small" is a size; beside a name (`mistral small`) it belongs to the name.
        words = {word: None for word in words if word not in sized}
        most = most or min(vocabulary.SMALL[word] for word in sized) // share
        if not tasks and not tags:
            tasks = {"chat": None, "completion": None}
    return Query(
        words=tuple(words),
        name_words=frozenset(_words(text)),
        tasks=tuple(tasks),
        tags=tuple(tags),
        least=least,
        most=min(most or machine, machine) if machine else most,
        context=context,
        quantization=quantization,
        open_only=bool(open_only),
        active=active,
        license=license_,
        most_active=most_active,
        order=order,
        is_dense=bool(dense),
        is_unread=any(letter.isalpha() and not letter.isascii() for letter in rest),
    )


def _machine(text: str) -> tuple[int | None, str]:
    """The most parameters for the machine that is named, and the text without it."""
    named = any(word in text for word in _MACHINE) or any(name in text for name in vocabulary.MACHINES)
    return largest_for(text) if named or re.search(_GPU_ALONE, text) else (None, text)


def _uses(text: str) -> tuple[dict[str, None], dict[str, None], str]:
    """The tasks and tags that are named, and the text without them."""
    tasks: dict[str, None] = {}
    tags: dict[str, None] = {}
    beginnings = {word[:_TELLING] for word in re.findall(r"\w+", text)}
    for pattern, meaning in vocabulary.USES:
        # To compile all patterns takes longer than to search: most queries begin no word of any of them.
        if any(beginning in pattern for beginning in beginnings) and re.search(pattern, text):
            (tasks if meaning in _TASKS else tags)[meaning] = None
            text = re.sub(pattern, " ", text)
    if not tasks and ("llm" in text or "language" in text) and re.search(_TALKS, text):
        tasks = {"chat": None, "completion": None}
    return tasks, tags, text


def _words(text: str) -> tuple[str, ...]:
    """All words, including those before a slash."""
    return names.words(text.replace("/", " "))


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _context(text: str) -> tuple[int | None, str]:
    """The least context, and the text without it."""
    match = re.search(_CONTEXT, text) if "context" in text else None
    if match is None:
        return None, text
    number, unit = match[1] or match[3], match[2] or match[4]
    context = int(number[:9]) * (1000 if unit == "k" else 10**6) * 9 // 10 if number else _LONG_CONTEXT
    return context, _cut(text, match)


def _active(text: str) -> tuple[int | None, int | None, str]:
    """The active parameters of a mixture of experts, 0 where only that was asked, the most that are called few, and the
    text without them.
    """
    active: int | None = None
    most: int | None = None
    if match := re.search(_FEW_ACTIVE, text) if "activ" in text else None:
        active, most, text = 0, _MOST_OF_FEW, _cut(text, match)
    if match := re.search(_ACTIVE, text) if "activ" in text else None:
        active, text = names.scaled(match[1] or match[2], "b"), _cut(text, match)
    if match := re.search(_EXPERTS, text) if "mo" in text or "mixture" in text else None:
        active, text = active or 0, _cut(text, match)
    return active, most, text


def _license(text: str) -> tuple[str | None, str]:
    """The beginning of the licence, and the text without it."""
    for pattern, license_ in vocabulary.LICENSES:
        if license_ in text and (match := re.search(pattern, text)):
            return license_, _cut(text, match)
    return None, text


def _sizes(text: str) -> tuple[int | None, int | None, str]:
    """The bounds of the size, and the text without it."""
    least: int | None = None
    most: int | None = None
    if not re.search(r"\d\s*[bmt]", text):  # to compile the pattern of all bounds takes longer than a search
        return None, None, text
    while match := re.search(_BOUND, text):
        size = names.scaled(match["number"], match["unit"])
        if match["high"]:
            most = size
        elif match["most"]:
            most = names.largest_called(size)
        elif match["low"]:
            least = size
        else:
            least, most = round(size * BELOW), round(size * ABOVE)
        text = _cut(text, match)
    # `qwen3-32b`: the size stands at the end of a name.
    while match := re.search(r"(?<=[-:_])(\d+(?:\.\d+)?)([bmt])(?![a-z0-9])", text):
        size = names.scaled(match[1], match[2])
        least, most = round(size * BELOW), round(size * ABOVE)
        text = _cut(text, match)
    return least, most, text
