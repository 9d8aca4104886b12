"""From what a user types to one model: lenient with spelling, never with meaning (pure).

In this order: the exact id, repo, alias or host's name; then the ladder of `matching`; then a family with a default
member of ours, with a single member, or with several, which is a question and not a choice. An explicit
`owner/name` that no catalog lists is handed on to be checked on the hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelscan import dataclasses
from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.asked import Asked, WeightsHint, read
from modelscan.catalog.naming.described import described
from modelscan.catalog.naming.family import (
    best_known,
    closed_family,
    generations,
    members_meant,
    only_member,
    plain_member,
    spelled_out,
)
from modelscan.catalog.naming.lookup import KIND_ORDER, REGISTERED, Lookup, Member, Named, member_of
from modelscan.catalog.naming.matching import Rung, climb
from modelscan.catalog.naming.owners import whose
from modelscan.catalog.naming.plainly import plainly
from modelscan.catalog.naming.questions import SHOWN_MEMBERS, ambiguous, closed_warning, no_such_repo, not_found
from modelscan.catalog.naming.resolution import Resolution
from modelscan.catalog.naming.translated import in_english
from modelscan.catalog.naming.twins import tuned_twin, untuned_twin
from modelscan.errors import ModelNotFound
from modelscan.model import Model
from modelscan.parsing.regex import regex

_DAY = regex(r"20[2-9]\d[01]\d[0-3]\d")
_UNKNOWN = "no catalog lists `{repo}`; it is taken as a repo and checked on the hub"
_HOSTED = "`{name}` is a host's name for {model}; the weights come from that model's own repo"
_UNLISTED = "no catalog lists the repo `{repo}` of {model}; it is checked on the hub"


def resolve(query: str, index: Lookup) -> Resolution:
    """The model that `query` means. Raises ModelNotFound (with near names) or ModelAmbiguous (with the members)."""
    asked = read(query)
    if found := _exact(asked, index):
        return found
    if asked.unread:
        raise not_found(query, index)
    named = whose(asked, index)
    known = _spelled_out(named, index) or _by_words(named, index)
    # A host's closed entry by the very words is not what they mean where they describe weights: `glm-4.7 (thinking)`.
    is_closed = known is not None and known.model is not None and not known.model.weights
    if found := _described(named, index) if known is None or is_closed else known:
        return found
    if found := known or _without_weights(named, index):
        return found
    if found := _served(named, index) or _behind_prefix(named, index):
        return found
    if asked.repo is None and (found := _written_otherwise(query, index)):
        return found
    if asked.repo is not None:
        _ask_for_repo_of_lab(asked, index)
        return Resolution(
            passthrough_repo=asked.repo,
            weights_hint=asked.hint(repo_id=asked.repo),
            warnings=(_UNKNOWN.format(repo=asked.repo),),
            notes=_alike(asked, index),
        )
    raise not_found(query, index)


def _written_otherwise(query: str, index: Lookup) -> Resolution | None:
    """What the words mean in English, or the name in a sentence."""
    as_it_is = query.casefold().split()
    if (translated := in_english(query)).split() not in ([], as_it_is):
        return resolve(translated.strip(), index)
    if (said := plainly(query)).split() in ([], as_it_is):
        return None
    try:
        return resolve(said, index)
    except ModelNotFound:
        return None


def _spelled_out(asked: Asked, index: Lookup) -> Resolution | None:
    """A family by its short name (`l3.3 70b`), or written on to its version (`deepseekv3.1`), where no model is called
    so.
    """
    long = spelled_out(asked.parts, index)
    if long is None or climb(asked.parts, lambda rung, key: _on_rung(rung, key, index)):
        return None
    return _by_words(dataclasses.replace(asked, parts=long), index)


def _exact(asked: Asked, index: Lookup) -> Resolution | None:
    unwrapped = names.unwrap(asked.text)
    for spelling in dict.fromkeys((asked.text, unwrapped)):
        named = index.named(spelling.casefold())
        if not named:
            continue
        kind = min((item.kind for item in named), key=KIND_ORDER.index)
        if kind == "offer" and (moving := _moving(unwrapped, named, index)):
            kind, named = "moving", moving
        ids = list(dict.fromkeys(item.model for item in named if item.kind == kind))
        if len(ids) > 1:
            raise ambiguous(asked.text, [member for model_id in ids for member in member_of(model_id, index)])
        return _named(asked, kind, ids[0], index)
    return None


def _moving(name: str, offered: Sequence[Named], index: Lookup) -> list[Named]:
    """What the lab now means by a name that a host offers as well: `openrouter/deepseek/deepseek-chat`."""
    found = [item for item in index.named(names.split_owner(name)[1].casefold()) if item.kind == "moving"]
    models = [model for item in (*found, *offered[:1]) if (model := index.get(item.model))]
    return found if len({_lab_of(model, index) for model in models}) == 1 else []


def _named(asked: Asked, kind: str, model_id: str, index: Lookup) -> Resolution | None:
    model = index.get(model_id)
    if model is None:
        return None
    if kind == REGISTERED:
        return Resolution(model=model, weights_hint=WeightsHint())
    family = _default(asked, asked.parts, index) if kind == "id" else None
    if family and family.model and family.model.id == model_id:
        return family
    if instead := _instead(asked, model, index):
        return _choose(asked, instead, [instead], index)
    repo = next((item for item in model.weights if item.repo_id.casefold() == asked.text.casefold()), None)
    if asked.text == model.id and asked.source is None and (repo,) != model.weights[:1]:
        # An id means the model, also where it is a repo's name but for its case: `zhipuai/glm-4.5` on ModelScope.
        repo = None
    hint_repo = repo.repo_id if repo else _unlisted_repo(asked, model)
    warnings: tuple[str, ...] = ()
    if kind == "moving":
        warnings = (f"`{asked.text}` is a name that its lab moves from model to model; it now means {model.id}",)
    elif hint_repo and not repo:
        warnings = (_UNLISTED.format(repo=hint_repo, model=model.id),)
    elif kind == "offer" and asked.repo and asked.owner and index.lab(asked.owner) is None:
        warnings = (_HOSTED.format(name=asked.text, model=model.id),)
    return Resolution(
        model=model,
        weights_hint=asked.hint(repo_id=hint_repo),
        warnings=warnings + closed_warning(model),
        notes=tuned_twin(asked, model, index),
    )


def _unlisted_repo(asked: Asked, model: Model) -> str | None:
    """What hosts call by the name of a repo: the only weights there are, or the lab's own quantized ones."""
    if asked.repo is None or (model.weights and not asked.is_stored_otherwise):
        return None
    own = (asked.owner or "").casefold() == (model.owner or "").casefold()
    return asked.repo if (own and not asked.is_tier if model.weights else model.open_weights is not False) else None


def _instead(asked: Asked, model: Model, index: Lookup) -> Member | None:
    """A name that hosts use for something whose weights nobody names may say less than a repo's name, or be the
    name of a family: then ask.
    """
    if model.weights or model.provenance.get("open_weights") == "labs":
        return None
    parts = tuple(word for word in names.without_tiers(asked.parts) if vocabulary.ORDERS.get(word) != "newest")
    members = [item for item in members_meant(parts, index) if item.weights]
    only = plain_member(parts, members)
    # Of another task it is another model: `Qwen3-1.7B-Base` is not the `Qwen3-TTS-12Hz-1.7B-Base`.
    if only and only.lab == _lab_of(model, index):
        return only if only.task == model.task else None
    if len(members) > 1:
        raise ambiguous(asked.text, members)
    return None


def _by_words(asked: Asked, index: Lookup) -> Resolution | None:
    lab = index.lab(asked.owner) if asked.owner else None
    if not asked.parts or (asked.owner and lab is None):
        return None
    for parts, named_lab in _with_and_without_lab(asked, lab, index):
        if climbed := climb(parts, lambda rung, key: _on_rung(rung, key, index)):
            rung, members = climbed
            members = [item for item in members if named_lab in {None, item.lab}]
            # An owner that is a hub organization makes the name a repo's name: then only every word will do.
            if members and (rung is Rung.WORDS or not _is_repo_owner(asked, members)):
                if rung is not Rung.WORDS and (newer := generations(parts, members, index)):
                    raise ambiguous(asked.text, newer)
                return _choose(asked, only_member(parts, members), members, index)
            if len(members) == 1 and names.own_words(parts) == names.own_words(members[0].key.split()):
                return _choose(asked, members[0], members, index)
            if asked.repo is not None:
                return None
        if found := _of_family(asked, parts, named_lab, index):
            return found
    published = _behind_publisher(asked, index)
    return _choose(asked, published, [published], index) if published else None


def _without_weights(asked: Asked, index: Lookup) -> Resolution | None:
    """What is known of the name though nobody names weights: a host's offer, a closed family."""
    lab = index.lab(asked.owner) if asked.owner else None
    if not asked.parts or (asked.owner and lab is None):
        return None
    return (
        _offered(asked, lab, index)
        or _closed(asked, closed_family(asked.parts, lab, index), index)
        or _dated(asked, index)
    )


def _described(asked: Asked, index: Lookup) -> Resolution | None:
    """What a name means that also says what the model is, or which of several."""
    if asked.repo is not None:
        return None
    lab = index.lab(asked.owner) if asked.owner else None

    def members_of(parts: Sequence[str]) -> Iterator[list[Member]]:
        climbed = climb(parts, lambda rung, key: _on_rung(rung, key, index))
        for members in (climbed[1] if climbed else (), members_meant(parts, index)):
            yield [item for item in members if item.weights and lab in {None, item.lab}]

    found = described(asked.parts, members_of)
    if found is None:
        return None
    if found.only is None:
        raise ambiguous(asked.text, found.members, is_ordered=found.is_ordered)
    return _choose(asked, found.only, found.members, index)


def _served(asked: Asked, index: Lookup) -> Resolution | None:
    """A host's edition, by a word that elsewhere names another model: `deepinfra/openai/gpt-oss-120b-Turbo`."""
    kept = tuple(word for word in asked.parts if word not in vocabulary.TIER_OF_TUNED)
    if kept == asked.parts or not (asked.is_hosted or len(asked.owners) > 1):
        return None
    return _by_words(dataclasses.replace(asked, parts=kept, is_hosted=True), index)


def _behind_prefix(asked: Asked, index: Lookup) -> Resolution | None:
    """Another's model behind a lab's name that is the prefix of an API (`openai/qwen3:8b`), in no repo's spelling."""
    if asked.repo is not None or asked.owner is None:
        return None
    return _by_words(dataclasses.replace(asked, owner=None, is_hosted=True), index)


def _ask_for_repo_of_lab(asked: Asked, index: Lookup) -> None:
    """Raise where a lab has no such repo that any catalog lists, but one of nearly that name; an address on a hub is
    taken as it is.
    """
    lab = index.lab(asked.owner or "")
    if lab is None or asked.source is not None:
        return
    climbed = climb(asked.parts, lambda rung, key: _on_rung(rung, key, index))
    members = [item for item in climbed[1] if item.lab == lab] if climbed else []
    near = [item.id for item in members or members_meant(asked.parts, index) if item.lab == lab]
    if not near:
        return
    raise no_such_repo(asked, near)


def _dated(asked: Asked, index: Lookup) -> Resolution | None:
    """A closed model by the day of an edition (`claude-3-haiku-20240307`) or as the latest one; of weights, a day may
    be another model.
    """
    undated = (word for word in asked.parts if not _DAY.fullmatch(word))
    parts = tuple(word for word in undated if vocabulary.ORDERS.get(word) != "newest")
    shorter = dataclasses.replace(asked, parts=parts)
    found = (_by_words(shorter, index) or _without_weights(shorter, index)) if parts != asked.parts else None
    return found if found and found.model and found.model.open_weights is False else None


def _on_rung(rung: Rung, key: str, index: Lookup) -> list[Member]:
    """Models there of which more is known than that hosts offer them."""
    members = [member for model_id in index.on_rung(rung, key) for member in member_of(model_id, index)]
    labs = {item.lab for item in members if item.weights}
    # A host's closed entry under its own name does not compete with the weights: `moonshotai.kimi-k2.5` at Amazon.
    members = [item for item in members if item.is_witnessed] or members
    return [item for item in members if item.weights or (item.open is False and (not labs or item.lab in labs))]


def _with_and_without_lab(asked: Asked, lab: str | None, index: Lookup) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The words, and without a lab's name before them (`zai-org-glm-4.6`, `google gemma 3 27b`) or behind them."""
    yield asked.parts, lab
    for length in (1, 2) if asked.owner is None else ():
        rest, leading = asked.parts[length:], index.lab("-".join(asked.parts[:length]))
        if rest and leading:
            yield rest, leading
        before, behind = asked.parts[:-length], index.lab("-".join(asked.parts[-length:]))
        if before and behind and asked.repo is None:  # `GLM-5 (Z AI)`
            yield before, behind
    if asked.owner and lab:  # `deepseek.r1`: the owner is a word of the name
        yield (*names.words(asked.owner), *asked.parts), lab


def _behind_publisher(asked: Asked, index: Lookup) -> Member | None:
    """The model behind its publisher's name: `swiss-ai.Apertus-8B-Instruct-2509`."""
    for length in (1, 2, 3) if asked.owner is None else ():
        climbed = climb(asked.parts[length:], lambda rung, key: _on_rung(rung, key, index))
        own = [item for item in climbed[1] if names.words(item.owner or "") == asked.parts[:length]] if climbed else []
        if len(own) == 1:
            return own[0]
    return None


def _of_family(asked: Asked, parts: tuple[str, ...], lab: str | None, index: Lookup) -> Resolution | None:
    if found := _default(asked, parts, index):
        return found
    meant = members_meant(names.without_tiers(parts) or parts, index, exactly=asked.repo is not None)
    members = [item for item in meant if lab in {None, item.lab}]
    if not members or (asked.repo is not None and len(members) == 1):
        return None
    if len(members) > 1 and (known := best_known(members)):
        return _closed(asked, known, index)
    return _choose(asked, plain_member(parts, members), members, index)


def _offered(asked: Asked, lab: str | None, index: Lookup) -> Resolution | None:
    """What is known from hosts alone: a model without weights that anybody names."""
    climbed = climb(asked.parts, index.on_rung)
    members = [member for model_id in (climbed[1] if climbed else ()) for member in member_of(model_id, index)]
    members = [item for item in members if lab in {None, item.lab}]
    if not members or (asked.repo is not None and _is_repo_owner(asked, members)):
        return None
    return _choose(asked, only_member(asked.parts, members), members, index)


def _closed(asked: Asked, known: Member | None, index: Lookup) -> Resolution | None:
    """A name of a family whose every member is closed: the family's own, newer than the catalogs, or misspelled."""
    sibling = index.get(known.id) if known else None
    if known is None or sibling is None or _lab_of(sibling, index) is None:
        return None
    name = names.split_owner(names.unwrap(asked.text))[1]
    model = Model(
        id=f"{known.lab or sibling.owner}/{name.lower().replace(' ', '-')}",
        name=name,
        owner=sibling.owner,
        family=sibling.family,
        task=sibling.task,
        open_weights=False,
        open_alternatives=sibling.open_alternatives,
        provenance={"open_weights": "family"},
    )
    unlisted = f"no catalog lists `{asked.text}`; every known model of its family is closed, such as {known.id}"
    return Resolution(model=model, warnings=(unlisted, *closed_warning(model)))


def _lab_of(model: Model, index: Lookup) -> str | None:
    return index.lab(model.owner or "") or index.lab(model.id.partition("/")[0])


def _is_repo_owner(asked: Asked, members: Sequence[Member]) -> bool:
    owner = (asked.owner or "").casefold()
    return any(item.weights and (item.owner or "").casefold() == owner for item in members)


def _alike(asked: Asked, index: Lookup) -> tuple[str, ...]:
    """What its owner publishes under nearly that name (`google/gemma-3-12b` is no repo, `…-12b-it` is), or whose name
    it has under another owner: `cerebras/llama3.3-70b` is LiteLLM's, `bartowski/…-GGUF` a copy.
    """
    climbed = climb(asked.parts, lambda rung, key: _on_rung(rung, key, index))
    members = climbed[1] if climbed else ()
    if owned := [f"`{item.id}`" for item in members if _is_repo_owner(asked, [item])]:
        return (f"did you mean {' or '.join(owned)}?",)
    named = [f"`{item.id}`" for item in members if item.weights]
    return (f"{named[0]} has the same name",) if len(named) == 1 else ()


def _choose(asked: Asked, only: Member | None, members: Sequence[Member], index: Lookup) -> Resolution:
    """The one that the words mean, or a question."""
    model = index.get(only.id) if only else None
    if model is None:
        raise ambiguous(asked.text, members)
    if instead := _instead(asked, model, index):
        model = index.get(instead.id) or model
    # A repo of a known model in a form that no catalog lists (`-AWQ`, `-GGUF`): the model is certain, the repo not.
    repo = asked.repo if asked.is_stored_otherwise and not asked.is_tier else None
    unlisted = (_UNLISTED.format(repo=repo, model=model.id),) if repo else ()
    is_hosted = asked.is_hosted or (asked.repo and asked.is_tier)
    hosted = (_HOSTED.format(name=asked.text, model=model.id),) if is_hosted else ()
    return Resolution(
        model=model,
        weights_hint=asked.hint(repo_id=repo),
        notes=(f"`{asked.text}` means {model.id}", *untuned_twin(asked, model, index)),
        warnings=hosted + unlisted + closed_warning(model),
    )


def _default(asked: Asked, parts: Sequence[str], index: Lookup) -> Resolution | None:
    found = index.family_default(" ".join(parts))
    model = index.get(found[0]) if found else None
    if found is None or model is None:
        return None
    others = [item.id for item in index.members(" ".join(parts)) if item.weights and item.id != model.id]
    note = f"`{asked.text}` is a family; its default is {model.id}: {found[1]}"
    return Resolution(
        model=model,
        weights_hint=asked.hint(),
        notes=(note, *((f"others: {', '.join(others[:SHOWN_MEMBERS])}",) if others else ())),
    )
