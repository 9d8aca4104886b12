"""How model names are compared: spellings that mean the same become the same words, and nothing more (pure).

`Qwen/Qwen3-32B`, `qwen-3-32b`, `qwen3:32b` and `Qwen3 32B` all become `qwen 3 32b`. Words are only ever dropped by
the functions that say so, because `-0528`, `-VL-`, `-Coder-` or `-turbo` name other models.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from modelscan.catalog.naming import words as vocabulary
from modelscan.parsing.regex import regex

# A merge asks the same of a name for each of its hosts and specs.
_remembered = functools.lru_cache(maxsize=100_000)
# Kept as text where a search does not need them: to compile all takes as long as to search.
_HOSTS = "|".join(map(re.escape, vocabulary.HUB_ADDRESSES))
_WRAPPERS = (
    rf"^(?:https?://(?:www\.)?)?(?:{_HOSTS})/",
    rf"^(?:{'|'.join(vocabulary.HUB_SCHEMES)}):(?://)?",
    rf"^(?:{'|'.join(vocabulary.HOST_PATHS)})/",
    *(f"^{wrapper}" for wrapper in vocabulary.WRAPPERS),
)
_REGION = rf"^(?:{'|'.join(vocabulary.REGIONS)})\.(?=[a-z0-9]+\.)"
_DOTTED_OWNER = rf"^({'|'.join(vocabulary.DOTTED_OWNERS)})\.(?=[a-z])"
_BEDROCK_VERSION = r"-(?:v)?\d:\d+(?::\d+k)?$|(?<=:)\d+$"
_BEDROCK_MINOR = r"(?<=-v0):(?=\d$)"  # Mistral's own `v0.2`, as `mistral-7b-instruct-v0:2`
_GAP = regex(r"[\s_]+")
_AT_DATE = r"@(?:\d{8}|default|latest)$"
_JOINED_WORD = regex(rf"(?<=\d)(?=(?:{'|'.join(vocabulary.JOINED)})(?![a-z]))")  # `qwen2.5vl`, `qwen3coder`
_FILE = rf"(?:-\d{{5}}-of-\d{{5}})?\.(?:{'|'.join(vocabulary.FILE_ENDINGS)})$"  # with its number among shards
_POINT_P = regex(r"(?<=\d)p(?=\d)")
_DASHED_VERSION = regex(r"(?<![\d.q])(\d{1,2})[-_](\d)(?![\d.]*(?:[bm](?![a-z])|bit|\d|x\d|k(?![a-z])))")
_UNDERSCORED_SIZE = regex(r"(?<=\d)_(?=\d[bm](?![a-z\d]))")  # `stablelm-2-1_6b`
_BITS = regex(r"(?<![a-z\d.])([2-8])[- ]+bits?(?![a-z\d])")  # `4-bit`, `8 bit`
_PLUS = regex(r"(?<=[a-z])\+(?![a-z\d+])")  # `command-r+`
_POINT_ZERO = regex(r"(?<=\d)\.0(?![\d.])")  # `4.0` is how some write `4`
_WORD = regex(
    r"(?:mx|nv|b)?fp?\d+(?![a-z\d])|int\d(?![a-z\d])|e\dm\d(?:fn)?(?![a-z\d])|[it]q\d(?![a-z\d])|w\d+a\d+(?![a-z\d])|\d+(?:\.\d+)*x\d+(?:\.\d+)?b?|[a-z]\d+(?:\.\d+)*[a-z]*(?![a-z\d])|[a-z]+|\d+(?:\.\d+)*[a-z]*"
)
_BETWEEN_SIZES = r"[^a-z\d.]+"
_SIZE = r"(a)?(\d+(?:\.\d+)?)([bmt])|\d+x\d+(?:\.\d+)?b"
_EXPERTS = r"\d+e"
_FACTORS = {"m": 10**6, "b": 10**9, "t": 10**12}
_LARGEST = 1e15

_GGUF = regex(r"[it]?q\d")
_TUNED = regex(rf"{'|'.join(sorted(vocabulary.TUNING))}|0[1-9][0-3]\d|1[0-2][0-3]\d|2[3-9][01]\d")
TUNING_WORDS = vocabulary.TUNING | vocabulary.LAB
"""Words that a lab adds to the repo of the very model that people call by the name without them."""


@_remembered
def unwrap(name: str) -> str:
    """A name without what hosts, tools and files wrap around it: `@cf/`, `us.`, `:free`, `@20250929`, `.gguf`."""
    text, lowered = name.strip(), name.strip().casefold()
    while match := next((found for pattern in _WRAPPERS if (found := re.match(pattern, lowered))), None):
        text, lowered = text[match.end() :], lowered[match.end() :]
    text = re.sub(_FILE, "", text, flags=re.IGNORECASE)
    lowered = text.casefold()
    if match := re.match(_REGION, lowered):
        text, lowered = text[match.end() :], lowered[match.end() :]
    if match := re.match(_DOTTED_OWNER, lowered):
        text = f"{match[1]}/{text[match.end() :]}"
        text = re.sub(_BEDROCK_VERSION, "", re.sub(_BEDROCK_MINOR, ".", text))
    text = re.sub(_AT_DATE, "", text)
    name, _, tag = text.rpartition(":")
    return name if name and tag.casefold() in vocabulary.SERVING_TAGS else text


def split_owner(name: str) -> tuple[str | None, str]:
    """`Qwen/Qwen3-8B` → owner and name; of a longer path the last two parts count."""
    owner, slash, last = name.rstrip("/").rpartition("/")
    return (owner.rpartition("/")[2], last) if slash else (None, last)


@_remembered
def words(name: str) -> tuple[str, ...]:
    """The words of a name without its owner, in order."""
    text = split_owner(name)[1].casefold()
    text = _PLUS.sub("-plus", _POINT_P.sub(".", text))
    text = _UNDERSCORED_SIZE.sub(".", text)
    text = _BITS.sub(r"\1bit", text)
    text = _GAP.sub("-", text.strip())
    text = _JOINED_WORD.sub("-", text)
    text = _POINT_ZERO.sub("", _DASHED_VERSION.sub(r"\1.\2", text))
    return tuple(_WORD.findall(text))


def key(name: str) -> str:
    """The words as one string: what two spellings of one model have in common."""
    return " ".join(words(name))


@_remembered
def without_quantization(parts: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The words without those for how weights are stored, and the quantization that these name."""
    kept: list[str] = []
    found: str | None = None
    gguf = False
    for position, word in enumerate(parts):
        if position and _GGUF.fullmatch(word):
            found, gguf = word.upper(), True
        elif gguf and found and word in vocabulary.GGUF_SIZES:
            found = f"{found}_{word.upper()}"
        elif found and word in vocabulary.BEHIND_QUANTIZATION and parts[position - 1] in vocabulary.QUANTIZATION:
            continue
        elif position and word in vocabulary.QUANTIZATION:
            # `AWQ` and `GPTQ` say more than the `Int4` beside them, and less than the `Int8`.
            forms = {found, vocabulary.QUANTIZATION[word]}
            stored = next((method for method in ("AWQ", "GPTQ") if method in forms), vocabulary.QUANTIZATION[word])
            found = "INT8" if "INT8" in forms else stored
        elif not (position and word in vocabulary.STORAGE):
            kept.append(word)
    return tuple(kept), found


@_remembered
def without_tiers(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The words that do not say how a host serves a model.

    `turbo` and `lite` name other models (whisper-large-v3-turbo), but behind `Instruct` or an edition's date they are
    a host's: Llama-3.3-70B-Instruct-Turbo, DeepSeek-V3-0324-Turbo. No repo in our tables ends so.
    """
    return tuple(
        word
        for before, word in zip(("", *parts), parts, strict=False)
        if not (word in vocabulary.TIER or (word in vocabulary.TIER_OF_TUNED and _TUNED.fullmatch(before)))
    )


def own_words(parts: Sequence[str]) -> tuple[str, ...]:
    """The words without a lab's own."""
    return tuple(word for word in parts if word not in vocabulary.LAB)


@_remembered
def plain_key(parts: tuple[str, ...]) -> str:
    """Words without tuning words (`instruct`, `it`, `chat` …): how people call the tuned model."""
    return " ".join(word for word in parts if word not in TUNING_WORDS) or " ".join(parts)


@_remembered
def base_repo(repo: str) -> str:
    """A repo id without its quantization suffix, in lower case: `Qwen/Qwen3-8B-FP8` → `qwen/qwen3-8b`."""
    text = repo.casefold()
    while True:
        shorter = re.sub(_REPO_SUFFIX, "", text)
        if shorter == text:
            return text
        text = shorter


_REPO_SUFFIX = rf"[-_.](?:{'|'.join(vocabulary.REPO_SUFFIXES)})$"


def size_in_name(name: str) -> tuple[int | None, int | None]:
    """Parameters and active parameters that a name states: `30b-a3b`, `8x22b` (total unknown), `17b-16e` (active)."""
    total: int | None = None
    active: int | None = None
    parts = re.split(_BETWEEN_SIZES, split_owner(name)[1].casefold())
    for word, following in zip(parts, [*parts[1:], ""], strict=True):
        match = re.fullmatch(_SIZE, word)
        if match is None:
            continue
        mark, number, unit = match.groups()
        if number is None:
            return None, None
        if mark:
            active = active or (scaled(number, unit) if unit == "b" else None)
        elif unit == "b" and re.fullmatch(_EXPERTS, following):
            return None, scaled(number, unit)
        elif total is None:
            total = scaled(number, unit)
    return total, active


def largest_called(size: int) -> int:
    """How many parameters models have at most that are called by this size, or a smaller one: Llama 3.1's 8b are 8.03
    billion, Qwen3's 14b are 14.8.
    """
    return size * 11 // 10


def scaled(number: str, unit: str) -> int:
    """`1.7` and `b` → 1,700,000,000; what is larger than any model is as large as that."""
    return round(min(float(number) * _FACTORS[unit], _LARGEST))
