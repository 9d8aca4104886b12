"""From what a user types to one model: lenient with spelling, never with meaning (pure).

In this order: the exact id, repo, alias or host's name; then the ladder of `matching`; then a family with a default
member of ours, with a single member, or with several, which is a question and not a choice. An explicit
`owner/name` that no catalog lists is handed on to be checked on the hub.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.asked import Asked, WeightsHint, read
from modelscan.catalog.naming.family import Members, best_known, closed_family, members_meant, plain_member
from modelscan.catalog.naming.lookup import KIND_ORDER, Member, Named
from modelscan.catalog.naming.matching import Rung, climb
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model
from modelscan.units import format_count

_DAY = re.compile(r"20[2-9]\d[01]\d[0-3]\d")
_SHOWN_MEMBERS = 12
_UNKNOWN = "no catalog lists `{repo}`; it is taken as a repo and checked on the hub"
_HOSTED = "`{name}` is a host's name for {model}; the weights come from that model's own repo"
_UNLISTED = "no catalog lists the repo `{repo}` of {model}; it is checked on the hub"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """One model, or a repo that no catalog knows (`passthrough_repo`, to be checked on the hub).

    `warnings` are worth a person's attention before anything is deployed; `notes` explain a choice.
    """

    model: Model | None = None
    weights_hint: WeightsHint | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    passthrough_repo: str | None = None


class Lookup(Members, Protocol):
    """The part of an index that resolution needs."""

    def get(self, model_id: str) -> Model | None: ...

    def named(self, text: str) -> list[Named]:
        """Models with this name, which is given in lower case."""
        ...

    def on_rung(self, rung: Rung, key: str) -> list[str]: ...

    def family_default(self, key: str) -> tuple[str, str] | None:
        """The member that a family's name means, and why."""
        ...

    def lab(self, owner: str) -> str | None: ...

    def near(self, text: str) -> list[str]:
        """Ids to suggest, best first."""
        ...


def resolve(query: str, index: Lookup) -> Resolution:
    """The model that `query` means. Raises ModelNotFound (with near names) or ModelAmbiguous (with the members)."""
    asked = read(query)
    if found := _exact(asked, index):
        return found
    if found := _by_words(asked, index):
        return found
    if asked.repo is not None:
        return Resolution(
            passthrough_repo=asked.repo,
            weights_hint=asked.hint(repo_id=asked.repo),
            warnings=(_UNKNOWN.format(repo=asked.repo),),
            notes=_alike(asked, index),
        )
    raise _not_found(query, index)


def _exact(asked: Asked, index: Lookup) -> Resolution | None:
    unwrapped = names.unwrap(asked.text)
    for spelling in dict.fromkeys((asked.text, unwrapped)):
        named = index.named(spelling.casefold())
        if not named:
            continue
        kind = min((item.kind for item in named), key=KIND_ORDER.index)
        ids = list(dict.fromkeys(item.model for item in named if item.kind == kind))
        if len(ids) > 1:
            raise _ambiguous(asked.text, [member for model_id in ids for member in _member(model_id, index)])
        return _named(asked, kind, ids[0], index)
    return None


def _named(asked: Asked, kind: str, model_id: str, index: Lookup) -> Resolution | None:
    model = index.get(model_id)
    if model is None:
        return None
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
        warnings=warnings + _closed_warning(model),
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
    parts = names.without_tiers(asked.parts)
    members = [item for item in members_meant(parts, index) if item.weights]
    only = plain_member(parts, members)
    # Of another task it is another model: `Qwen3-1.7B-Base` is not the `Qwen3-TTS-12Hz-1.7B-Base`.
    if only and only.lab == _lab_of(model, index):
        return only if only.task == model.task else None
    if len(members) > 1:
        raise _ambiguous(asked.text, members)
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
                return _choose(asked, _only(parts, members), members, index)
            if len(members) == 1 and _own_words(parts) == _own_words(members[0].key.split()):
                return _choose(asked, members[0], members, index)
            if asked.repo is not None:
                return None
        if found := _of_family(asked, parts, named_lab, index):
            return found
    return (
        _offered(asked, lab, index)
        or _closed(asked, closed_family(asked.parts, lab, index), index)
        or _dated(asked, index)
    )


def _dated(asked: Asked, index: Lookup) -> Resolution | None:
    """A closed model by the day of an edition (`claude-3-haiku-20240307`); of weights, a day may be another model."""
    parts = tuple(word for word in asked.parts if not _DAY.fullmatch(word))
    found = _by_words(dataclasses.replace(asked, parts=parts), index) if parts != asked.parts else None
    return found if found and found.model and found.model.open_weights is False else None


def _on_rung(rung: Rung, key: str, index: Lookup) -> list[Member]:
    """Models there of which more is known than that hosts offer them."""
    members = [member for model_id in index.on_rung(rung, key) for member in _member(model_id, index)]
    labs = {item.lab for item in members if item.weights}
    # A host's closed entry under its own name does not compete with the weights: `moonshotai.kimi-k2.5` at Amazon.
    return [item for item in members if item.weights or (item.open is False and (not labs or item.lab in labs))]


def _with_and_without_lab(asked: Asked, lab: str | None, index: Lookup) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The words, and without a lab's name that leads them (`zai-org-glm-4.6`, `google gemma 3 27b`)."""
    yield asked.parts, lab
    for length in (1, 2) if asked.owner is None else ():
        rest, leading = asked.parts[length:], index.lab("-".join(asked.parts[:length]))
        if rest and leading:
            yield rest, leading


def _of_family(asked: Asked, parts: tuple[str, ...], lab: str | None, index: Lookup) -> Resolution | None:
    if found := _default(asked, parts, index):
        return found
    members = [item for item in members_meant(parts, index, exactly=asked.repo is not None) if lab in {None, item.lab}]
    if not members or (asked.repo is not None and len(members) == 1):
        return None
    if len(members) > 1 and (known := best_known(members)):
        return _closed(asked, known, index)
    return _choose(asked, plain_member(parts, members), members, index)


def _offered(asked: Asked, lab: str | None, index: Lookup) -> Resolution | None:
    """What is known from hosts alone: a model without weights that anybody names."""
    climbed = climb(asked.parts, index.on_rung)
    members = [member for model_id in (climbed[1] if climbed else ()) for member in _member(model_id, index)]
    members = [item for item in members if lab in {None, item.lab}]
    if not members or (asked.repo is not None and _is_repo_owner(asked, members)):
        return None
    return _choose(asked, _only(asked.parts, members), members, index)


def _closed(asked: Asked, known: Member | None, index: Lookup) -> Resolution | None:
    """A name of a family whose every member is closed: the family's own, newer than the catalogs, or misspelled."""
    sibling = index.get(known.id) if known else None
    if known is None or sibling is None:
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
    return Resolution(model=model, warnings=(unlisted, *_closed_warning(model)))


def _only(parts: Sequence[str], members: Sequence[Member]) -> Member | None:
    """The only member that has every word of the name, or the only one."""
    whole = [item for item in members if set(parts) <= set(item.key.split())]
    return next((found[0] for found in (members, whole) if len(found) == 1), None)


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


def _own_words(parts: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in parts if word not in vocabulary.LAB)


def _choose(asked: Asked, only: Member | None, members: Sequence[Member], index: Lookup) -> Resolution:
    """The one that the words mean, or a question."""
    model = index.get(only.id) if only else None
    if model is None:
        raise _ambiguous(asked.text, members)
    if instead := _instead(asked, model, index):
        model = index.get(instead.id) or model
    # A repo of a known model in a form that no catalog lists (`-AWQ`, `-GGUF`): the model is certain, the repo not.
    repo = asked.repo if asked.is_stored_otherwise and not asked.is_tier else None
    unlisted = (_UNLISTED.format(repo=repo, model=model.id),) if repo else ()
    hosted = (_HOSTED.format(name=asked.text, model=model.id),) if asked.repo and asked.is_tier else ()
    return Resolution(
        model=model,
        weights_hint=asked.hint(repo_id=repo),
        notes=(f"`{asked.text}` means {model.id}", *_untuned(asked, model, index)),
        warnings=hosted + unlisted + _closed_warning(model),
    )


def _untuned(asked: Asked, model: Model, index: Lookup) -> tuple[str, ...]:
    """Weights before tuning that have the very name, which people hardly ever mean by it."""
    if asked.repo or ":" in asked.text or model.task == "completion":
        return ()
    base = index.on_rung(Rung.WORDS, " ".join((*asked.parts, "base")))
    return tuple(f"the base model has the same name: {name}" for name in base if name != model.id)


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
        notes=(note, *((f"others: {', '.join(others[:_SHOWN_MEMBERS])}",) if others else ())),
    )


def _member(model_id: str, index: Lookup) -> list[Member]:
    model = index.get(model_id)
    if model is None:
        return []
    return [
        Member(
            id=model.id,
            key=names.key(model.name),
            owner=model.owner,
            lab=index.lab(model.owner or "") or index.lab(model.id.partition("/")[0]),
            open=model.open_weights,
            weights=bool(model.weights),
            parameters=model.parameters,
            task=model.task,
            offers=len(model.providers),
        )
    ]


def _closed_warning(model: Model) -> tuple[str, ...]:
    if model.open_weights is not False:
        return ()
    instead = f"; open models of that kind: {', '.join(model.open_alternatives)}" if model.open_alternatives else ""
    return (f"the weights of {model.id} are closed{instead}",)


def _ambiguous(text: str, members: Sequence[Member]) -> ModelAmbiguous:
    ordered = sorted(members, key=lambda item: (-item.offers, item.id))
    shown = [f"{item.id} ({format_count(item.parameters)})" if item.parameters else item.id for item in ordered]
    return ModelAmbiguous(
        f"`{text}` may be any of {len(ordered)} models",
        cause=[f"it could be {name}" for name in shown[:_SHOWN_MEMBERS]],
        hints=[f"name one of them, for example: modelscan plan {ordered[0].id}", f"modelscan catalog search '{text}'"],
        details={"query": text, "candidates": [item.id for item in ordered]},
    )


def _not_found(query: str, index: Lookup) -> ModelNotFound:
    near = index.near(query)
    others = f", or {', '.join(f'`{name}`' for name in near[1:3])}" if near[1:] else ""
    hints = [f"did you mean `{near[0]}`{others}?"] if near else []
    return ModelNotFound(
        f"no catalog lists a model `{query}`",
        hints=[*hints, f"modelscan catalog search '{query}'", "or give a repo in full: owner/name"],
        details={"query": query, "near": near},
    )
