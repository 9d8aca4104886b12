"""Many records → one model, with the source of every field and what the sources disagree about (pure).

What wins, and why: the user's file, then our lists (checked by hand), then the lab's own offer, then GPUStack (which
runs the model), then the hosts together. Of the hosts' limits the median counts, not the maximum: 40 open models
reach a million tokens by some host's entry and 28 by the median (models.dev, 2026-07-01). Known weights mean open,
whatever the hosts' flags say: they contradict each other for 218 of 525 open models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median, median_low
from typing import Any, NamedTuple

from modelscan.catalog.merging.grouping import RecordGroup, group
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.naming import names
from modelscan.catalog.naming.lookup import ONE_LIST
from modelscan.catalog.naming.matching import Rung
from modelscan.catalog.naming.tasks import infer_tags, infer_task
from modelscan.catalog.sources.record import SourceRecord
from modelscan.catalog.sources.standing import STANDINGS, Standing
from modelscan.dataclasses import dataclass
from modelscan.model import HUB_SOURCES, Capabilities, Limits, Modalities, Model, Pricing, ProviderOffer, Spec, Weights

_LIMITS = ("limits.context", "limits.input", "limits.output")
_FLAGS = tuple(
    f"capabilities.{name}" for name in ("tool_call", "reasoning", "attachment", "structured_output", "temperature")
)
_JUDGED = frozenset({"open_weights", *_LIMITS, *_FLAGS, "parameters", "active_parameters", "task", "license"})
_UNKNOWN = Pricing()
_PRICES = ("input", "output", "reasoning", "cache_read", "cache_write")


class _Stated(NamedTuple):
    """What a record says about a field. `by_host`: it comes from a host other than the model's lab."""

    rank: int
    value: Any
    standing: Standing
    by_host: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """A model, the records it came from, and the reason why it stands for its family, where one is given."""

    model: Model
    records: tuple[SourceRecord, ...]
    lab: str | None
    parts: tuple[str, ...]
    keys: frozenset[tuple[Rung, str]]
    family_default: str | None


def merge(records: Iterable[SourceRecord], tables: Tables) -> list[Merged]:
    """Models of all records, open alternatives resolved to ids."""
    groups = group(sorted(records, key=_identity_rank), tables)
    ids = {weights.repo_id.casefold(): item.id for item in groups for weights in item.weights.values()}
    return [_merge_group(item, tables, ids) for item in groups]


def _merge_group(item: RecordGroup, tables: Tables, ids: Mapping[str, str]) -> Merged:
    ranked = sorted(((_rank(record, item, tables), record) for record in item.records), key=lambda pair: pair[0])
    values = _values(ranked)
    chosen: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    conflicts: dict[str, Any] = {}
    if _is_of_few_hosts(values.get("status", ()), ranked):
        values.pop("status", None)
    for key, stated in values.items():
        value, source = _choose(key, stated)
        chosen[key], provenance[key] = value, source
        if key in _JUDGED and _disagree(key, stated):
            conflicts[key] = _conflict(stated)
    weights = order_weights(item.weights.values(), tables, item.lab)
    _complete(item, chosen, provenance, weights, tables)
    providers = _providers(ranked)
    pricing, pricing_source = _pricing(ranked)
    if pricing_source:
        provenance["pricing"] = pricing_source
    alternatives: tuple[str, ...] = ()
    if chosen["open_weights"] is False:
        repos = tables.open_alternatives(chosen["task"], item.lab, item.parts)
        alternatives = tuple(ids[repo.casefold()] for repo in repos if repo.casefold() in ids)
    model = Model(
        id=item.id,
        name=chosen["name"],
        owner=names.split_owner(weights[0].repo_id)[0] if weights and weights[0].source in HUB_SOURCES else item.lab,
        aliases=_aliases(item, ranked),
        family=chosen.get("family"),
        task=chosen["task"],
        tags=chosen["tags"],
        description=chosen.get("description"),
        homepage=chosen.get("homepage"),
        icon_url=chosen.get("icon_url"),
        open_weights=chosen["open_weights"],
        open_alternatives=alternatives,
        license=chosen.get("license"),
        status=chosen.get("status"),
        parameters=chosen.get("parameters"),
        active_parameters=chosen.get("active_parameters"),
        knowledge=chosen.get("knowledge"),
        release_date=chosen.get("release_date"),
        last_updated=chosen.get("last_updated"),
        capabilities=Capabilities(**{key.partition(".")[2]: chosen.get(key) for key in _FLAGS}),
        modalities=Modalities(input=chosen.get("modalities.input", ()), output=chosen.get("modalities.output", ())),
        limits=Limits(**{key.partition(".")[2]: chosen.get(key) for key in _LIMITS}),
        pricing=pricing,
        providers=providers,
        weights=weights,
        specs=_specs(ranked),
        extra=_extra(ranked),
        provenance=provenance,
        conflicts=dict(sorted(conflicts.items())),
    )
    default = next((record.family_default for _, record in ranked if record.family_default), None)
    return Merged(model, tuple(item.records), item.lab, item.parts, item.keys, default)


def _identity_rank(record: SourceRecord) -> tuple[bool, int]:
    return record.provider is not None, STANDINGS[record.source].identity


def _rank(record: SourceRecord, item: RecordGroup, tables: Tables) -> int:
    standing = STANDINGS[record.source]
    if record.provider is None or standing.offers is None or standing.own_offers is None:
        return standing.facts
    host = tables.by_organization.get(record.provider.casefold())
    return standing.own_offers if host and host.name == item.lab else standing.offers


def _values(ranked: Sequence[tuple[int, SourceRecord]]) -> dict[str, list[_Stated]]:
    values: dict[str, list[_Stated]] = {}
    for rank, record in ranked:
        standing, by_host = STANDINGS[record.source], _is_by_host(rank, record)
        for key, value in record.facts.items():
            values.setdefault(key, []).append(_Stated(rank, value, standing, by_host))
    return values


def _is_by_host(rank: int, record: SourceRecord) -> bool:
    return rank == STANDINGS[record.source].offers


def _is_of_few_hosts(stated: Sequence[_Stated], ranked: Sequence[tuple[int, SourceRecord]]) -> bool:
    """Whether less than half of the hosts say it, and no better source: one that drops a model does not end it."""
    offers = sum(1 for rank, record in ranked if _is_by_host(rank, record))
    return all(item.by_host for item in stated) and 2 * len(stated) <= offers


def _differ(stated: Sequence[_Stated]) -> bool:
    first = stated[0].value
    return any(item.value != first for item in stated)


def _disagree(key: str, stated: Sequence[_Stated]) -> bool:
    """Counts of parameters are rounded in many ways, with or without heads and vision towers: 12 % is no conflict."""
    if key in {"parameters", "active_parameters"}:
        counts = [item.value for item in stated]
        return bool(max(counts) > 1.12 * min(counts))
    return _differ(stated)


def _conflict(stated: Sequence[_Stated]) -> list[Mapping[str, Any]]:
    """Each value with how many and which sources state it, the most frequent first."""
    counted = Counter(item.value for item in stated)
    return [
        {
            "value": value,
            "count": count,
            "sources": sorted({item.standing.name for item in stated if item.value == value}),
        }
        for value, count in counted.most_common(6)
    ]


def _choose(key: str, stated: Sequence[_Stated]) -> tuple[Any, str]:
    """The value of a field and its origin. Hosts count together, better sources one by one."""
    first, source = stated[0], stated[0].standing.name
    if key in _LIMITS and not first.standing.is_ours:
        offered = [item for item in stated if item.standing.knows_limits]
        if offered:
            of = f" (median of {len(offered)})" if len(offered) > 1 else ""
            return median_low([item.value for item in offered]), f"{offered[0].standing.name}{of}"
        return first.value, source
    if not first.by_host or len(stated) == 1:
        return first.value, source
    if key in {"release_date", "last_updated", "knowledge"}:
        return median_low([item.value for item in stated]), f"{source} (median of {len(stated)})"
    if not _differ(stated):
        return first.value, f"{source} ({len(stated)} of {len(stated)})"
    best, count = Counter(item.value for item in stated).most_common(1)[0]
    return best, f"{source} ({count} of {len(stated)})"


def _complete(
    item: RecordGroup, chosen: dict[str, Any], provenance: dict[str, str], weights: Sequence[Weights], tables: Tables
) -> None:
    """What no source states outright: the name, the task, sizes written in the name, whether it is open."""
    if weights and weights[0].source in HUB_SOURCES:
        chosen["name"] = names.split_owner(weights[0].repo_id)[1]
        provenance["name"] = "weights"
    elif "name" not in chosen:
        chosen["name"], provenance["name"] = names.split_owner(item.id)[1], "id"
    stated_task = chosen.get("task")
    chosen["task"] = stated_task or infer_task(
        item.parts, chosen.get("modalities.input", ()), chosen.get("modalities.output", ())
    )
    provenance.setdefault("task", "modalities")
    total, active = names.size_in_name(weights[0].repo_id if weights else item.id)
    for key, value in (("parameters", total), ("active_parameters", active)):
        if value and key not in chosen:
            chosen[key], provenance[key] = value, "name"
    chosen["tags"] = infer_tags(
        chosen.get("tags", ()), item.parts, chosen["task"], chosen.get("modalities.input", ()),
        reasoning=bool(chosen.get("capabilities.reasoning")), tools=bool(chosen.get("capabilities.tool_call")),
    )  # fmt: skip
    claimed = next((record.source for record in item.records if record.facts.get("open_weights") is True), None)
    if weights:
        chosen["open_weights"], provenance["open_weights"] = True, "weights"
        if not any(record.is_witnessed for record in item.records if record.weights):
            provenance["weights"] = ONE_LIST
    elif tables.is_closed(item.lab, item.parts):
        chosen["open_weights"], provenance["open_weights"] = False, "labs"
    elif claimed:
        chosen["open_weights"], provenance["open_weights"] = True, f"{claimed} (claimed)"
    elif item.lab in tables.by_organization:
        # This lab publishes weights and no word of ours says that it keeps these: hosts' "closed" is no proof.
        chosen["open_weights"] = None
    else:
        chosen.setdefault("open_weights", None)


def order_weights(found: Iterable[Weights], tables: Tables, lab: str | None) -> tuple[Weights, ...]:
    """Best first: the user's own folder, official repos, then by hub and with the unquantized repo leading."""
    judged = [_judge(weights, tables, lab) for weights in found]
    return tuple(
        sorted(
            judged,
            key=lambda item: (
                item.source in HUB_SOURCES,
                not item.official,
                item.source in HUB_SOURCES and HUB_SOURCES.index(item.source),
                names.base_repo(item.repo_id) != item.repo_id.casefold(),
                item.repo_id.casefold(),
            ),
        )
    )


def _judge(weights: Weights, tables: Tables, lab: str | None) -> Weights:
    """Whether a repo is the lab's own follows from its organization, where the source does not know."""
    if weights.official is not None:
        official: bool | None = weights.official
    else:
        owner, _ = names.split_owner(weights.repo_id)
        known = tables.by_organization.get((owner or "").casefold())
        official = known.name == lab if known else (None if lab is None else False)
    quantization = weights.quantization or names.without_quantization(names.words(weights.repo_id))[1]
    return Weights(
        source=weights.source,
        repo_id=weights.repo_id,
        revision=weights.revision,
        format=weights.format,
        quantization=quantization,
        size_bytes=weights.size_bytes,
        official=official,
        verified=weights.verified,
    )


def _providers(ranked: Sequence[tuple[int, SourceRecord]]) -> tuple[ProviderOffer, ...]:
    offers = [(rank, record.offer) for rank, record in ranked if record.offer]
    return tuple(offer for _, offer in sorted(offers, key=lambda pair: (pair[0], pair[1].id, pair[1].model)))


def _pricing(ranked: Sequence[tuple[int, SourceRecord]]) -> tuple[Pricing, str | None]:
    """The lab's own offer, else the median of the hosts' prices, price by price."""
    priced = [
        (record.offer, STANDINGS[record.source], rank)
        for rank, record in ranked
        if record.offer and record.offer.pricing != _UNKNOWN
    ]
    own = next(((offer, standing) for offer, standing, rank in priced if rank == standing.own_offers), None)
    if own:
        return own[0].pricing, f"{own[1].name} ({own[0].id})"
    if not priced:
        return _UNKNOWN, None
    prices: dict[str, float] = {}
    for name in _PRICES:
        stated = [value for offer, _, _ in priced if (value := getattr(offer.pricing, name)) is not None]
        if stated:
            prices[name] = round(median(stated), 6)
    of = f"median of {len(priced)}" if len(priced) > 1 else priced[0][0].id
    return Pricing(**prices), f"{priced[0][1].name} ({of})"


def _specs(ranked: Sequence[tuple[int, SourceRecord]]) -> tuple[Spec, ...]:
    """In the order of trust, each once: GPUStack says the same in both of its files where a repo is on both hubs."""
    found: list[Spec] = []
    for _, record in ranked:
        found.extend(spec for spec in record.specs if spec not in found)
    return tuple(found)


def _extra(ranked: Sequence[tuple[int, SourceRecord]]) -> Mapping[str, Any]:
    """Fields without a name of ours, of the most trusted record that has any; the others' are in the records."""
    return next((dict(record.extra) for _, record in ranked if record.extra), {})


def _aliases(item: RecordGroup, ranked: Sequence[tuple[int, SourceRecord]]) -> tuple[str, ...]:
    """Other ids and repos of it; what hosts call it stands with their offers."""
    return tuple(dict.fromkeys(name for name in _own_names(item, ranked) if name != item.id))


def _own_names(item: RecordGroup, ranked: Sequence[tuple[int, SourceRecord]]) -> Iterator[str]:
    for _, record in ranked:
        if record.provider is None and STANDINGS[record.source].names_models:
            yield from record.names
            if record.model_id:
                yield record.model_id
    for weights in item.weights.values():
        if weights.source in HUB_SOURCES:
            yield weights.repo_id
