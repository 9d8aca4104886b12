"""Answers that are bound to a grammar: JSON of a schema, calls of functions.

llguidance makes no automaton beforehand: it says at each token which may come next, and counts what that costs: an
answer that becomes too costly ends. Addresses in a schema are never fetched.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessor

from modelscan_serving.handlers.ours.calls import CLOSE, OPEN, Form
from modelscan_serving.handlers.ours.schemas import Schemas, as_grammar, in_a_line, limits
from modelscan_serving.handlers.protocols import BadInput

try:
    import llguidance
    from llguidance.hf import from_tokenizer
except ImportError:  # an environment of before it was among the packages
    llguidance = None

_ANY_OBJECT = {"type": "object"}
_ABSENT = (
    "The environment has no llguidance, which binds answers to a grammar: "
    "`modelscan backend install transformers` adds it."
)


@dataclass(frozen=True, kw_only=True)
class Forced:
    """Calls that an answer has to be: of one of these functions, one or `several`; or `answer` may stand for them."""

    functions: Sequence[dict[str, Any]]
    form: Form
    several: bool


class Grammars:
    """Those for the answers of one model. `ends` are its tokens that end an answer."""

    def __init__(self, tokenizer: Any, size: int, ends: Collection[int]) -> None:
        self._tokenizer, self._size, self._ends = tokenizer, size, sorted(ends)
        self._schemas = Schemas()
        self._read: Any = None

    def bound(
        self, response_format: dict[str, Any] | None, forced: Forced | None, cancel_event: threading.Event | None
    ) -> Bound | None:
        """What holds an answer to these; None for neither. Raises BadInput for a schema that cannot be compiled,
        Cancelled.
        """
        if response_format is None and forced is None:
            return None
        param = "tools" if response_format is None else "response_format"
        if llguidance is None:
            raise BadInput(_ABSENT, param)
        rules, roots = [], []
        if response_format is not None:
            schema = response_format["json_schema"]["schema"] if "json_schema" in response_format else _ANY_OBJECT
            self._schemas.check([schema], "response_format", cancel_event)
            roots.append("answer")
            rules.append(f"answer: {_json(schema)}")
        if forced is not None:
            self._schemas.check([_parameters(item) for item in forced.functions], "tools", cancel_event)
            roots.append("calls")
            rules += self._calls(forced)
        grammar = llguidance.LLMatcher.grammar_from_lark("\n".join([f"start: {' | '.join(roots)}", *rules]))
        matcher = llguidance.LLMatcher(self._tokens(), grammar, log_level=0, limits=limits())
        if matcher.is_error():
            raise BadInput(f"The grammar of the answer cannot be compiled: {in_a_line(matcher.get_error())}.", param)
        return Bound(matcher, param)

    def _calls(self, forced: Forced) -> list[str]:
        opened, closed = (self._mark(mark) for mark in (OPEN, CLOSE))
        lead, tail = (_literal(text) for text in (forced.form.lead, forced.form.tail))
        numbers = range(len(forced.functions))
        rules = [
            f"calls: call {'(BETWEEN call)*' if forced.several else ''}",
            r"BETWEEN: /\n/",
            f"call: {' | '.join(f'call_{number}' for number in numbers)}",
        ]
        for number, item in enumerate(forced.functions):
            begun = _literal(f'{{"name": {json.dumps(item["name"])}, "arguments": ')
            rules += [
                f'call_{number}: {opened} {lead} {begun} arguments_{number} "}}" {tail} {closed}',
                f"arguments_{number}: {_json(_parameters(item))}",
            ]
        return rules

    def _mark(self, mark: str) -> str:
        """A token of its own, where the tokenizer has one."""
        [number, *more] = self._tokenizer(mark, add_special_tokens=False)["input_ids"]
        return mark if not more and self._tokens().is_special_token(number) else _literal(mark)

    def _tokens(self) -> Any:
        """The tokenizer as llguidance reads it, once: a second for a large one."""
        if self._read is None:
            size = max(self._size, len(self._tokenizer))
            try:
                self._read = from_tokenizer(self._tokenizer, n_vocab=size, eos_token=self._ends or None)
            except ValueError as error:
                raise BadInput(f"The tokenizer of the model allows no grammar: {error}.") from error
        return self._read


class Bound(LogitsProcessor):  # type: ignore[misc]
    """Leaves only the tokens that the grammar allows next. Of one answer."""

    def __init__(self, matcher: Any, param: str) -> None:
        self._matcher, self._param = matcher, param
        self._seen: int | None = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if self._seen is not None:  # the prompt is no part of the answer
            self._matcher.consume_tokens(input_ids[0, self._seen :].tolist())
        self._seen = input_ids.shape[1]
        mask = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        allowed = np.unpackbits(mask, bitorder="little")[: scores.shape[-1]].astype(bool)
        if self._matcher.is_error() or not allowed.any():
            problem = in_a_line(self._matcher.get_error())
            raise BadInput(f"The JSON schema is too complex, or allows no answer: {problem}.", self._param)
        found = torch.from_numpy(np.pad(allowed, (0, scores.shape[-1] - len(allowed))))
        return scores.masked_fill(~found.to(scores.device), -torch.inf)


def _json(schema: Any) -> str:
    return f"%json {as_grammar(schema)}"


def _literal(text: str) -> str:
    return json.dumps(text) if text else ""


def _parameters(function: dict[str, Any]) -> Any:
    """A function without any takes an empty object."""
    return function.get("parameters") or {**_ANY_OBJECT, "additionalProperties": False}
