"""What is said where a name means no one model: which it may be, and what is near (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.asked import Asked
from modelscan.catalog.naming.lookup import Lookup, Member
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model
from modelscan.parsing.regex import regex
from modelscan.units import format_count

SHOWN_MEMBERS = 12
_VERSION = regex(r"(?<![^ v])\d{1,2}(?:\.\d{1,2})?(?![^ ])")
_ADDRESS = regex(r"https?://", re.IGNORECASE)


def closed_warning(model: Model) -> tuple[str, ...]:
    if model.open_weights is not False:
        return ()
    instead = f"; open models of that kind: {', '.join(model.open_alternatives)}" if model.open_alternatives else ""
    return (f"the weights of {model.id} are closed{instead}",)


def ambiguous(text: str, members: Sequence[Member], *, is_ordered: bool = False) -> ModelAmbiguous:
    said = set(names.words(text))
    ordered = members if is_ordered else sorted(members, key=lambda item: _place(item, said))
    shown = [f"{item.id} ({format_count(item.parameters)})" if item.parameters else item.id for item in ordered]
    return ModelAmbiguous(
        f"`{text}` may be any of {len(ordered)} models" if len(ordered) > 1 else f"`{text}` may be {ordered[0].id}",
        cause=[f"it could be {name}" for name in shown[:SHOWN_MEMBERS]],
        hints=[f"name one of them, for example: modelscan plan {ordered[0].id}", f"modelscan catalog search '{text}'"],
        details={"query": text, "candidates": [item.id for item in ordered], "is_ordered": is_ordered},
    )


def _place(member: Member, said: set[str]) -> tuple[bool, bool, int, tuple[float, ...], int, str]:
    """First the tuned ones, those that are no other model by a word that was not said, those of many hosts, newer
    versions (`v1.5` before `v1`), plain names.
    """
    words = set(member.key.split())
    is_another = not vocabulary.OTHER_MODEL.isdisjoint(words - said)
    versions = tuple(-float(number) for number in _VERSION.findall(member.key)) or (0.0,)
    return member.task == "completion", is_another, -member.offers, versions, len(words), member.id


def not_found(query: str, index: Lookup) -> ModelNotFound:
    if _ADDRESS.match(query):
        return ModelNotFound(
            f"`{query}` is not an address of a model",
            hints=["give an address on huggingface.co or modelscope.cn, or a name: modelscan catalog search WORDS"],
            details={"query": query, "near": []},
        )
    near = index.near(query)
    others = f", or {', '.join(f'`{name}`' for name in near[1:3])}" if near[1:] else ""
    hints = [f"did you mean `{near[0]}`{others}?"] if near else []
    return ModelNotFound(
        f"no catalog lists a model `{query}`",
        hints=[*hints, f"modelscan catalog search '{query}'", "or give a repo in full: owner/name"],
        details={"query": query, "near": near},
    )


def no_such_repo(asked: Asked, near: Sequence[str]) -> ModelNotFound:
    """A lab's repo that no catalog lists, where it has others of nearly that name."""
    return ModelNotFound(
        f"no catalog lists a repo `{asked.repo}`",
        hints=[
            f"did you mean {' or '.join(f'`{name}`' for name in near[:3])}?",
            f"if it is a repo all the same: modelscan plan huggingface.co/{asked.repo}",
        ],
        details={"query": asked.text, "near": list(near)},
    )
