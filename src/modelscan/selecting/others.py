"""Alternative models: smaller ones of the family that fit, open ones instead of a closed one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from modelscan import dataclasses
from modelscan.catalog.index.index import Index
from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.lookup import Member
from modelscan.catalog.naming.matching import ACTIVE, EDITION, SIZE_WORD
from modelscan.errors import ClosedWeights
from modelscan.model import Fits, Hardware, Installation, Model, PlanRequest
from modelscan.planning.decide.planner import decide
from modelscan.planning.telling.command import Wording, of_any_model
from modelscan.selecting.context import Context
from modelscan.selecting.evidence import planning_facts
from modelscan.selecting.judge import judge_for, judging
from modelscan.selecting.known_here import resolve_offline
from modelscan.system.clock import Clock
from modelscan.weights.counting.bytes import BYTES_PER_PARAMETER

MOST_NAMED = 3
_SAME_SIZE = 0.04  # of two that hardly differ in size the larger is named
_ROOM = 0.8  # of what is free: the rest is for KV cache, activations and overhead
_DATED = 2  # years between a model and a smaller one that is offered in its place: two generations of them
_SECONDS = 0.25  # a refusal does not wait for its hints


def smaller_models(
    context: Context,
    model: Model,
    request: PlanRequest,
    hardware: Hardware,
    installed: Sequence[Installation],
    wording: Wording,
    *,
    too_large: bool,
) -> list[str]:
    """Hints that name smaller models of the family that fit; where there are none, and it was `too_large`, how to
    look for others.
    """
    index, until = open_index(context.settings), context.clock.monotonic() + _SECONDS
    wanted = of_any_model(request)
    tries = {"a smaller model that fits": wanted}
    if (otherwise := dataclasses.replace(wanted, quantization=None, dtype=None, kv_cache_dtype=None)) != wanted:
        tries["a smaller model that fits in another format"] = otherwise
    for what, tried in tries.items():
        judge = judge_for(context, hardware, tried, installed)
        if found := smaller_siblings(model, index, judge, context.clock, until):
            return [f"{what}: {wording.command(tried, model=sibling.id)}" for sibling, _ in found]
    if not too_large:
        return []
    return [
        f"smaller models: modelscan catalog list --task {model.task} --open --max-params {_billions(hardware, model)}b"
    ]


def in_another_format(
    context: Context,
    model: Model,
    request: PlanRequest,
    hardware: Hardware,
    installed: Sequence[Installation],
    wording: Wording,
) -> list[str]:
    """A hint for the model itself, with all that was asked but the format, where it fits in some form."""
    wanted = dataclasses.replace(request, model=model.id, quantization=None, repo_id=None, revision=None)
    options = resolve_offline(context, model).options
    for what, tried in (("", wanted), (" and data type", dataclasses.replace(wanted, dtype=None))):
        if decide(model, options, hardware, tried, planning_facts(), installed).feasible:
            return [f"the same model in another format{what}: {wording.command(tried, model=model.id)}"]
    return []


def _billions(hardware: Hardware, model: Model) -> int:
    """Parameters that a machine holds in four bits, with room for the rest, and fewer than the model has."""
    sizes = [gpu.memory_free_bytes or 0 for gpu in hardware.devices] or [hardware.cpu.memory_free_bytes or 0]
    held = int(sum(sizes) * _ROOM / BYTES_PER_PARAMETER["INT4"])
    return max(min(held, (model.parameters or held + 1) - 1) // 10**9, 1)


def refuse_closed(context: Context, model: Model, request: PlanRequest, described: str | None = None) -> None:
    """Raise ClosedWeights for a model whose weights nobody can have, naming open ones, those that fit first."""
    if model.open_weights is not False or model.weights:
        return
    others = model.open_alternatives
    fitting = _that_fit(context, others, of_any_model(request), described)
    hints = [f"an open alternative that fits: modelscan plan {other}" for other in fitting]
    too_large = [other for other in others if other not in fitting][: max(MOST_NAMED - len(fitting), 0)]
    hints += [f"an open alternative, too large for this machine: modelscan catalog info {other}" for other in too_large]
    raise ClosedWeights(
        f"`{model.id}` has closed weights and cannot be deployed",
        cause=[f"only its owner{f', {model.owner},' if model.owner else ''} and hosting partners run it"],
        hints=hints or [f"modelscan catalog search {model.task} --open"],
        details={"model": model.id, "open_alternatives": list(others)},
    )


def _that_fit(context: Context, others: Sequence[str], request: PlanRequest, described: str | None) -> list[str]:
    """Of the alternatives those that fit; where none does, the largest that does of the family of one."""
    if not others:
        return []
    index, judge = open_index(context.settings), judging(context, described, request)
    known = [model for other in others if (model := index.get(other)) is not None]
    until = context.clock.monotonic() + _SECONDS
    found = [model.id for model in known if context.clock.monotonic() < until and judge(model).feasible]
    if not found and known:
        found = [sibling.id for sibling, _ in smaller_siblings(known[0], index, judge, context.clock, until)][:1]
    return found


def smaller_siblings(
    model: Model, index: Index, judge: Callable[[Model], Fits], clock: Clock, until: float
) -> list[tuple[Model, Fits]]:
    """The largest few that fit, the largest first; of the same name without its size, else of the same first word. None
    is judged after `until`.
    """
    found: list[tuple[Model, Fits]] = []
    seen = {model.id}
    for members in _families(model, index):
        for member in sorted(members, key=lambda item: (-(item.parameters or 0), -item.offers, item.id)):
            if len(found) == MOST_NAMED or clock.monotonic() > until:
                return found
            if member.id in seen or not _is_smaller(member, model) or _as_large(member, found):
                continue
            seen.add(member.id)
            sibling = index.get(member.id)
            if sibling is not None and _is_dated(sibling, model):
                continue
            fits = judge(sibling) if sibling is not None else None
            if sibling is not None and fits is not None and fits.feasible:
                found.append((sibling, fits))
        if found:
            return found
    return found


def _families(model: Model, index: Index) -> Iterator[list[Member]]:
    """Those whose names begin alike up to the first size or date, then those that share the first word."""
    words = list(names.words(model.id))
    end = next((place for place, word in enumerate(words) if place and _is_size(word)), len(words))
    yield _alike(index.members(" ".join(words[:end])), words)
    if end > 1:
        yield _alike(index.members(words[0]), words)


def _is_size(word: str) -> bool:
    return any(pattern.fullmatch(word) for pattern in (SIZE_WORD, ACTIVE, EDITION))


def _alike(members: list[Member], words: list[str]) -> list[Member]:
    """What the release's lab made of it: distilled models answer as it does, coders, guards and readers do not."""
    other = vocabulary.OTHER_MODEL - {"distill", "distilled", *words}
    return [item for item in members if item.weights and item.official and other.isdisjoint(item.key.split())]


def _as_large(member: Member, found: list[tuple[Model, Fits]]) -> bool:
    size = member.parameters or 0
    return any(abs(size - (other.parameters or 0)) <= size * _SAME_SIZE for other, _ in found)


def _is_dated(sibling: Model, model: Model) -> bool:
    """Whether it came so long before the model that nobody who asks for that wants it.

    Of a model with a date, one without is taken for old: no source that keeps dates has it any more.
    """
    new, old = (_year(item) for item in (model, sibling))
    return new is not None and (old is None or new - old >= _DATED)


def _year(model: Model) -> int | None:
    text = (model.release_date or "")[:4]
    return int(text) if text.isdigit() else None


def _is_smaller(member: Member, model: Model) -> bool:
    known = member.parameters is not None and model.parameters is not None
    return known and member.task == model.task and (member.parameters or 0) < (model.parameters or 0)
