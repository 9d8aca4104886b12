"""Which records mean the same model (pure).

Weights are the identity: records that name the same repo, in whatever quantization, belong together. An entry
without weights (a host's offer) is tied to them by its names, and only when the names agree on every word that
could name another model; else it stays a model of its own. Two entries for one model cost a line in a list, one
entry for two models costs somebody the wrong weights.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from modelscan import dataclasses
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.matching import Rung, climb, rungs
from modelscan.catalog.sources.record import SourceRecord
from modelscan.catalog.sources.standing import STANDINGS
from modelscan.dataclasses import dataclass, field
from modelscan.model import HUB_SOURCES, Weights
from modelscan.parsing.regex import regex

_NO_ID = regex(r"[^a-z0-9._+-]+")
_DAY = regex(r"20[2-3]\d[01]\d[0-3]\d")


@dataclass(slots=True)
class RecordGroup:
    """Records of one model, in the order of the sources. `parts` are the words of its name."""

    id: str
    lab: str | None
    parts: tuple[str, ...]
    records: list[SourceRecord] = field(default_factory=list)
    weights: dict[str, Weights] = field(default_factory=dict)
    keys: frozenset[tuple[Rung, str]] = frozenset()

    @property
    def is_base(self) -> bool:
        """Weights before tuning, which only an exact repo id means where a tuned sibling exists."""
        return any(record.facts.get("task") == "completion" for record in self.records)


@dataclass(slots=True)
class Groups:
    """All groups, and the maps by which a name finds them."""

    tables: Tables
    all: list[RecordGroup] = field(default_factory=list)
    by_name: dict[str, RecordGroup] = field(default_factory=dict)
    by_base_repo: dict[str, RecordGroup] = field(default_factory=dict)
    on_rung: dict[tuple[Rung, str], list[RecordGroup]] = field(default_factory=lambda: defaultdict(list))


def group(records: Iterable[SourceRecord], tables: Tables) -> list[RecordGroup]:
    """Every record in exactly one group. Records are given in the order of trust, the most trusted source first."""
    groups = Groups(tables)
    offers: list[SourceRecord] = []
    canonical: list[SourceRecord] = []
    for record in records:
        if record.weights:
            _add_identified(groups, record)
        else:
            (offers if record.provider else canonical).append(record)
    for item in groups.all:
        item.keys = _keys(item)
    tuned = {key for item in groups.all if not item.is_base for rung, key in item.keys if rung is Rung.PLAIN}
    for item in groups.all:
        _stand(groups, item, tuned)
    for record in canonical:
        _add_canonical(groups, record)
    untied: list[SourceRecord] = []
    tie = functools.cache(functools.partial(_tie, groups))  # half of the offers are called as another one is
    for record in offers:
        if found := tie(record.names[0]):
            found.records.append(record)
        else:
            untied.append(record)
    _add_untied(groups, untied)
    return groups.all


def _keys(item: RecordGroup) -> frozenset[tuple[Rung, str]]:
    """The rungs on which a model stands by its id, its trusted names and its repos."""
    spellings = {names.words(item.id), item.parts}
    for record in item.records:
        if record.weights:
            trusted = [name for name in _trusted_names(record) if _names_in_any_spelling(name, record)]
            spellings.update(names.words(name) for name in trusted)
    for weights in item.weights.values():
        if weights.source in HUB_SOURCES:
            spellings.add(names.without_quantization(names.words(weights.repo_id))[0])
    return frozenset(found for parts in spellings if parts for found in rungs(parts))


def _names_in_any_spelling(name: str, record: SourceRecord) -> bool:
    """An alias with an owner (`qwen/qwen3-coder` at OpenRouter) is that host's exact word, maybe a family's name."""
    return not name.startswith("set:") and ("/" not in name or name in {record.names[0], record.model_id})


def _stand(groups: Groups, item: RecordGroup, tuned: AbstractSet[str] = frozenset()) -> None:
    """Put a model on its rungs. Where a tuned sibling is called by the same plain name, people mean that one: the
    base model then answers to its repo and to its name with `base` only.
    """
    if item.is_base:
        named = {(rung, f"{key} base") for rung, key in item.keys if rung in {Rung.WORDS, Rung.PLAIN}}
        has_tuned = any(key in tuned for rung, key in item.keys if rung is Rung.PLAIN)
        item.keys = frozenset(named if has_tuned else named | item.keys)
    for key in item.keys:
        if item not in (standing := groups.on_rung[key]):
            standing.append(item)


def _add_identified(groups: Groups, record: SourceRecord) -> None:
    found = _known(groups, record)
    if found is None:
        repo = _primary(record.weights)
        owner, _ = names.split_owner(repo)
        named = repo if record.weights[0].source in HUB_SOURCES else record.names[0]
        parts, _ = names.without_quantization(names.words(named))
        found = RecordGroup(record.model_id or named.lower(), groups.tables.lab_of(owner, parts), parts)
        groups.all.append(found)
        groups.by_name.setdefault(found.id, found)
    found.records.append(record)
    for weights in record.weights:
        repo = weights.repo_id.casefold()
        key = f"{weights.source}:{repo}"
        found.weights[key] = _filled(found.weights[key], weights) if key in found.weights else weights
        groups.by_name.setdefault(repo, found)
        groups.by_base_repo.setdefault(names.base_repo(repo), found)
    for name in _trusted_names(record):
        groups.by_name.setdefault(name.casefold(), found)


def _filled(known: Weights, other: Weights) -> Weights:
    """What a more trusted source says about a repo, completed by a less trusted one."""
    added = {
        name: getattr(other, name)
        for name in ("quantization", "format", "size_bytes", "revision")
        if getattr(known, name) is None and getattr(other, name) is not None
    }
    return dataclasses.replace(known, **added) if added else known


def _add_canonical(groups: Groups, record: SourceRecord) -> None:
    """A model that its source names by an id of ours, without weights: closed, or reached through another server."""
    name = record.model_id or record.names[0]
    found = groups.by_name.get(name.casefold()) or _tie(groups, name)
    if found is None:
        owner, _ = names.split_owner(name)
        parts = names.words(name)
        found = RecordGroup(name.lower(), groups.tables.lab_of(owner, parts), parts)
        groups.all.append(found)
        groups.by_name[found.id] = found
    found.records.append(record)
    found.keys = _keys(found)
    _stand(groups, found)


def _known(groups: Groups, record: SourceRecord) -> RecordGroup | None:
    for weights in record.weights:
        if found := groups.by_name.get(weights.repo_id.casefold()):
            return found
    for weights in record.weights:
        if found := groups.by_base_repo.get(names.base_repo(weights.repo_id)):
            return found
    # What is described once per hub: the repos differ, the set's name does not.
    return (
        groups.by_name.get(f"set:{record.names[0].casefold()}") if STANDINGS[record.source].describes_per_hub else None
    )


def _trusted_names(record: SourceRecord) -> Iterator[str]:
    """Names that may become aliases: a set's only where a repo of the set says the same (some point elsewhere)."""
    if not STANDINGS[record.source].describes_per_hub:
        yield from record.names
        if record.model_id:
            yield record.model_id
        return
    name = record.names[0]
    yield f"set:{name}"
    wanted = names.key(name).replace(" ", "")
    for weights in record.weights:
        parts, _ = names.without_quantization(names.words(weights.repo_id))
        if wanted in {"".join(parts), names.plain_key(parts).replace(" ", "")}:
            yield name
            return


def _primary(weights: Sequence[Weights]) -> str:
    """The repo that names the model best: without a quantization in its name, or else the first."""
    for item in weights:
        if names.base_repo(item.repo_id) == item.repo_id.casefold():
            return item.repo_id
    return weights[0].repo_id


def _tie(groups: Groups, name: str) -> RecordGroup | None:
    """The group that a host's name means, or None when that is not certain."""
    unwrapped = names.unwrap(name)
    for spelling in (name, unwrapped):
        if found := groups.by_name.get(spelling.casefold()):
            return found
    owner, _ = names.split_owner(unwrapped)
    lab = groups.tables.by_organization.get((owner or "").casefold())
    for parts in _with_and_without_lab(groups.tables, names.words(unwrapped), owner):
        climbed = climb(parts, lambda rung, key: groups.on_rung.get((rung, key), ()))
        if climbed and len(climbed[1]) == 1:
            found = climbed[1][0]
            if lab is None or lab.name == found.lab:
                return found
    return None


def _with_and_without_lab(tables: Tables, parts: tuple[str, ...], owner: str | None) -> Iterator[tuple[str, ...]]:
    """The words; with the owner's name before them (`deepseek.r1`); and without a lab's name that leads them
    (`zai-org-glm-4.6`, `openai-gpt-oss-120b`).
    """
    yield parts
    if owner and parts:
        yield (*names.words(owner), *parts)
    for length in (1, 2):
        rest = parts[length:]
        lab = tables.by_organization.get("-".join(parts[:length]))
        if rest and lab and tables.lab_of(None, rest) == lab.name:
            yield rest


def _add_untied(groups: Groups, records: list[SourceRecord]) -> None:
    """Hosted models without known weights: the same lab and the same words are one model."""
    named = [(record, *_lab_and_words(groups.tables, record)) for record in records]
    days: dict[str, set[str]] = defaultdict(set)
    for _, _, parts in named:
        days[_without_day(parts)].update(word for word in parts if _DAY.fullmatch(word))
    dotted = {(lab, " ".join(parts).replace(".", "")): parts for _, lab, parts in named if "." in " ".join(parts)}
    collected: dict[tuple[str, str], list[SourceRecord]] = defaultdict(list)
    for record, lab, words in named:
        parts = dotted.get((lab, " ".join(words)), words)  # `openai-gpt-55` at hosts that allow no dots
        dateless = _without_day(parts)
        key = dateless if len(days[dateless]) <= 1 else " ".join(parts)
        collected[lab or f"host:{record.provider}", key].append(record)
    for (lab, key), members in collected.items():
        known_lab = None if lab.startswith("host:") else lab
        label = lab.removeprefix("host:")
        own_id = _own_id(groups, label, known_lab, members)
        if (known := groups.by_name.get(own_id)) and known.lab == known_lab:
            # The lab's own id, which a source names with weights: what hosts call the same is that model.
            known.records.extend(members)
            continue
        item = RecordGroup(_free_id(groups, own_id), known_lab, tuple(key.split()), members)
        groups.all.append(item)
        groups.by_name[item.id] = item
        item.keys = _keys(item)


def _lab_and_words(tables: Tables, record: SourceRecord) -> tuple[str | None, tuple[str, ...]]:
    """Whose model a host's entry is, and its words without storage and price-tier words."""
    unwrapped = names.unwrap(record.names[0])
    owner, _ = names.split_owner(unwrapped)
    parts, _ = names.without_quantization(names.words(unwrapped))
    kept = tuple(word for word in parts if word not in vocabulary.TIER) or parts
    *_, kept = _with_and_without_lab(tables, kept, None)
    lab = tables.lab_of(owner, kept)
    return lab or (owner.casefold() if owner else None), kept


def _without_day(parts: Iterable[str]) -> str:
    return " ".join(word for word in parts if not _DAY.fullmatch(word)) or " ".join(parts)


def _own_id(groups: Groups, label: str, lab: str | None, members: Sequence[SourceRecord]) -> str:
    """The lab's own name for it, else the most frequent one."""
    known = groups.tables.by_organization
    own = [
        record.names[0]
        for record in members
        if lab and (provider := known.get((record.provider or "").casefold())) and provider.name == lab
    ]
    spelled = own or [record.names[0] for record in members]
    counted = Counter(_slug(names.split_owner(names.unwrap(name))[1]) for name in spelled)
    best = min(counted, key=lambda name: (-counted[name], len(name), name))
    return f"{_slug(label)}/{best}"


def _free_id(groups: Groups, wanted: str) -> str:
    found = wanted
    taken = (f"{wanted}-{number}" for number in itertools.count(2))
    while found in groups.by_name:
        found = next(taken)
    return found


def _slug(text: str) -> str:
    return _NO_ID.sub("-", text.lower()).strip("-") or "model"
