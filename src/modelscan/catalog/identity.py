"""From what a user types to one model: lenient with spelling, never with meaning (pure).

In this order: the exact id, repo, alias or host's name; then the ladder of `matching`; then a family with a default
member of ours, with a single member, or with several, which is a question and not a choice. An explicit
`owner/name` that nobody knows is handed on to be checked at the hub.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from modelscan.catalog import names
from modelscan.catalog.lookup import Member, Named
from modelscan.catalog.matching import Rung, climb
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model, Source
from modelscan.units import format_count

_REVISION = re.compile(r"/(?:tree|blob|resolve)/([^/?#]+).*$")
_HUB_ADDRESS = re.compile(
    r"^(?:https?://)?(?:www\.)?(huggingface\.co|hf\.co|modelscope\.cn|modelscope\.ai)/(?:models/)?", re.IGNORECASE
)
_REPO = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
_SIZE_WORD = re.compile(r"(?:\d+(?:\.\d+)?[bm]|\d+x\d+b)")
_KIND_ORDER = ("moving", "id", "repo", "alias", "offer")
_TAG_NOISE = frozenset({"latest", "default"})
_SHOWN_MEMBERS = 12
# A size in a tag is rounded: `70b` for 70.6 billion, `30b` for 30.5, `671b`; 32.8 is called 32b.
_SIZE_TOLERANCE = 0.08


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsHint:
    """Which weights of the model the query named, as far as it did."""

    repo_id: str | None = None
    revision: str | None = None
    quantization: str | None = None
    source: Source | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """One model, or a repo that no catalog knows (`passthrough_repo`, to be checked at the hub).

    `warnings` are worth a person's attention before anything is deployed; `notes` explain a choice.
    """

    model: Model | None = None
    weights_hint: WeightsHint | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    passthrough_repo: str | None = None


class Lookup(Protocol):
    """What the resolution asks of an index."""

    def get(self, model_id: str) -> Model | None: ...

    def named(self, text: str) -> list[Named]:
        """Models with this name, which is given in lower case."""
        ...

    def on_rung(self, rung: Rung, key: str) -> list[str]: ...

    def members(self, key: str) -> list[Member]:
        """Models whose words are the key's or begin with them."""
        ...

    def family_default(self, key: str) -> tuple[str, str] | None:
        """The member that a family's name means, and why."""
        ...

    def lab(self, owner: str) -> str | None: ...

    def near(self, text: str) -> list[str]:
        """Ids to suggest, best first."""
        ...


def resolve(query: str, index: Lookup) -> Resolution:
    """The model that `query` means. Raises ModelNotFound (with near names) or ModelAmbiguous (with the members)."""
    asked = _read(query)
    if found := _exact(asked, index):
        return found
    if found := _by_words(asked, index):
        return found
    if asked.repo is not None:
        return Resolution(
            passthrough_repo=asked.repo,
            weights_hint=asked.hint(repo_id=asked.repo),
            warnings=(f"no catalog knows `{asked.repo}`; it is taken as a repo and checked at the hub",),
        )
    raise _not_found(query, index)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A query taken apart. `repo` is set where it reads as an explicit `owner/name`."""

    text: str
    owner: str | None
    parts: tuple[str, ...]
    quantization: str | None
    is_stored_otherwise: bool
    repo: str | None
    revision: str | None
    source: Source | None

    def hint(self, *, repo_id: str | None = None) -> WeightsHint | None:
        hint = WeightsHint(repo_id=repo_id, revision=self.revision, quantization=self.quantization, source=self.source)
        return hint if hint != WeightsHint() else None


def _read(query: str) -> _Asked:
    text = query.strip()
    source: Source | None = None
    revision: str | None = None
    if address := _HUB_ADDRESS.match(text):
        source = "modelscope" if "modelscope" in address[1].lower() else "huggingface"
        text = text[address.end() :].split("?")[0].split("#")[0].rstrip("/")
        if match := _REVISION.search(text):
            text, revision = text[: match.start()], match[1]
    unwrapped = names.unwrap(text)
    parts = tuple(word for word in names.words(unwrapped) if word not in _TAG_NOISE or "/" in unwrapped)
    kept, quantization = names.without_quantization(parts)
    is_repo = _REPO.fullmatch(unwrapped) is not None and unwrapped == text
    return _Asked(
        text=text,
        owner=names.split_owner(unwrapped)[0],
        parts=kept,
        quantization=quantization,
        is_stored_otherwise=kept != parts,
        repo=unwrapped if is_repo else None,
        revision=revision,
        source=source,
    )


def _exact(asked: _Asked, index: Lookup) -> Resolution | None:
    unwrapped = names.unwrap(asked.text)
    for spelling in dict.fromkeys((asked.text, unwrapped)):
        named = index.named(spelling.casefold())
        if not named:
            continue
        kind = min((item.kind for item in named), key=_KIND_ORDER.index)
        ids = list(dict.fromkeys(item.model for item in named if item.kind == kind))
        if len(ids) > 1:
            raise _ambiguous(asked.text, [member for model_id in ids for member in _member(model_id, index)])
        return _named(asked, kind, ids[0], index)
    return None


def _named(asked: _Asked, kind: str, model_id: str, index: Lookup) -> Resolution | None:
    model = index.get(model_id)
    if model is None:
        return None
    if kind == "id" and (family := _default(asked, index)) and family.model and family.model.id == model_id:
        return family
    _ask_about_members(asked, model, index)
    repo = next((item for item in model.weights if item.repo_id.casefold() == asked.text.casefold()), None)
    warnings: tuple[str, ...] = ()
    if kind == "moving":
        warnings = (f"`{asked.text}` is a name whose meaning the lab changes; now it is taken for {model.id}",)
    elif kind == "offer" and asked.repo and asked.owner and index.lab(asked.owner) is None:
        warnings = (f"`{asked.text}` is how a host calls {model.id}; the weights are taken from that model's own repo",)
    hint_repo = repo.repo_id if repo else (asked.repo if not model.weights and model.open_weights else None)
    return Resolution(
        model=model,
        weights_hint=asked.hint(repo_id=hint_repo),
        warnings=warnings + _closed_warning(model),
    )


def _ask_about_members(asked: _Asked, model: Model, index: Lookup) -> None:
    """A name that hosts use for something whose weights nobody names may be the name of a family: then ask."""
    if model.weights or model.provenance.get("open_weights") == "labs":
        return
    members = [item for item in index.members(" ".join(asked.parts)) if item.weights]
    members = members or [item for item in _family(asked.parts, index) if item.weights]
    if members:
        raise _ambiguous(asked.text, members)


def _by_words(asked: _Asked, index: Lookup) -> Resolution | None:
    lab = index.lab(asked.owner) if asked.owner else None
    if not asked.parts or (asked.owner and lab is None):
        return None
    if climbed := climb(asked.parts, index.on_rung):
        rung, ids = climbed
        members = [member for model_id in ids for member in _member(model_id, index) if lab in {None, member.lab}]
        # An owner that is a hub organization makes the name a repo's name: then only every word will do.
        if members and (rung is Rung.WORDS or not _is_repo_owner(asked, members)):
            return _choose(asked, members, index)
        return _default(asked, index) if asked.repo is None else None
    members = [item for item in _family(asked.parts, index) if lab in {None, item.lab}]
    if asked.repo is not None and len(members) <= 1:
        return None
    return _default(asked, index) or (_choose(asked, members, index) if members else None)


def _is_repo_owner(asked: _Asked, members: Sequence[Member]) -> bool:
    return asked.owner is not None and any((item.owner or "").casefold() == asked.owner.casefold() for item in members)


def _choose(asked: _Asked, members: Sequence[Member], index: Lookup) -> Resolution:
    """The only one of which more is known than that hosts offer it, or a question."""
    pool = [item for item in members if item.weights or item.open is False] or list(members)
    if len(pool) > 1:
        raise _ambiguous(asked.text, pool)
    model = index.get(pool[0].id)
    if model is None:
        raise _not_found(asked.text, index)
    _ask_about_members(asked, model, index)
    # A repo of a known model in a form that no catalog lists (`-AWQ`, `-GGUF`): the model is certain, the repo not.
    repo = asked.repo if asked.is_stored_otherwise else None
    unlisted = (f"no catalog lists the repo `{repo}` of {model.id}; it is checked at the hub",) if repo else ()
    return Resolution(
        model=model,
        weights_hint=asked.hint(repo_id=repo),
        notes=(f"`{asked.text}` is taken for {model.id}",),
        warnings=unlisted + _closed_warning(model),
    )


def _default(asked: _Asked, index: Lookup) -> Resolution | None:
    found = index.family_default(" ".join(asked.parts))
    model = index.get(found[0]) if found else None
    if found is None or model is None:
        return None
    others = [item.id for item in index.members(" ".join(asked.parts)) if item.weights and item.id != model.id]
    note = f"`{asked.text}` is a family; its default is {model.id}: {found[1]}"
    return Resolution(
        model=model,
        weights_hint=asked.hint(),
        notes=(note, *((f"others: {', '.join(others[:_SHOWN_MEMBERS])}",) if others else ())),
    )


def _family(parts: tuple[str, ...], index: Lookup) -> list[Member]:
    """Members of a family by its first words; a size in the query must be theirs, the other words in their names."""
    sizes = [word for word in parts if _SIZE_WORD.fullmatch(word)]
    rest = tuple(word for word in parts if word not in sizes)
    if not rest:
        return []
    members = [item for item in index.members(" ".join(rest)) if item.weights or item.open is False]
    for size in sizes:
        members = [item for item in members if size in item.key.split() or _has_size(item, size)]
    open_members = [item for item in members if item.weights]
    return open_members or members


def _has_size(member: Member, size: str) -> bool:
    wanted, _ = names.size_in_name(size)
    if not wanted or not member.parameters or _SIZE_WORD.search(member.key):
        return False
    return abs(member.parameters - wanted) <= wanted * _SIZE_TOLERANCE


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
        f"no catalog knows a model `{query}`",
        hints=[*hints, f"modelscan catalog search '{query}'", "or name a repo in full: owner/name"],
        details={"query": query, "near": near},
    )
