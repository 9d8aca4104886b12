"""Answers that are bound to a grammar: JSON of a schema, calls of functions.

llguidance makes no automaton beforehand: it says at each token which may come next, and counts what that costs. So a
stranger's schema is compiled in milliseconds or refused, and an answer that becomes too costly ends. Addresses in a
schema are never fetched.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessor

from modelscan_serving.handlers.ours.calls import CLOSE, OPEN, Form
from modelscan_serving.handlers.protocols import BadInput

try:
    import llguidance
    from llguidance.hf import from_tokenizer
except ImportError:  # an environment of before it was among the packages
    llguidance = None

_MOST_BYTES = 256 * 1024
_MOST_STATES = 50_000  # 1 to 2 kB each
_MOST_SAID = 300
# Between the parts of JSON: enough for lines that are indented, and an end to it.
_BLANK = r"[ \t\r\n]{0,40}"
_ANY_OBJECT = {"type": "object"}


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
        self._read: Any = None

    def bound(self, response_format: dict[str, Any] | None, forced: Forced | None) -> Bound | None:
        """What holds an answer to these; None for neither. Raises BadInput for a schema that cannot be compiled."""
        rules, roots = [], []
        if response_format is not None:
            schema = response_format["json_schema"]["schema"] if "json_schema" in response_format else _ANY_OBJECT
            self._check([(schema, "response_format")])
            roots.append("answer")
            rules.append(f"answer: {_json(schema)}")
        if forced is not None:
            self._check([(_parameters(item), "tools") for item in forced.functions])
            roots.append("calls")
            rules += self._calls(forced)
        if not roots:
            return None
        param = "tools" if response_format is None else "response_format"
        grammar = llguidance.LLMatcher.grammar_from_lark("\n".join([f"start: {' | '.join(roots)}", *rules]))
        matcher = llguidance.LLMatcher(self._tokens(), grammar, log_level=0, limits=_limits())
        if matcher.is_error():
            raise BadInput(f"The grammar of the answer cannot be compiled: {_said(matcher.get_error())}.", param)
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

    def _check(self, schemas: Sequence[tuple[Any, str]]) -> None:
        """By itself, so that what is said is about the schema."""
        if llguidance is None:
            raise BadInput(
                "The environment has no llguidance, which binds answers to a grammar: "
                "`modelscan backend remove transformers` and `modelscan backend install transformers` bring it.",
                schemas[0][1],
            )
        size = 0
        for schema, param in schemas:
            try:
                text = json.dumps(schema)
            except RecursionError as error:
                raise BadInput("The JSON schema is nested too deeply.", param) from error
            size += len(text)
            if size > _MOST_BYTES:
                raise BadInput(f"The JSON schema is larger than {_MOST_BYTES // 1024} KiB.", param)
            grammar = json.dumps({"grammars": [{"json_schema": _with_blanks(schema)}]})
            if problem := llguidance.LLMatcher.validate_grammar(grammar, limits=_limits()):
                raise BadInput(f"The JSON schema cannot be compiled: {_said(problem)}.", param)

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
            problem = _said(self._matcher.get_error())
            raise BadInput(f"The JSON schema is too complex, or allows no answer: {problem}.", self._param)
        found = torch.from_numpy(np.pad(allowed, (0, scores.shape[-1] - len(allowed))))
        return scores.masked_fill(~found.to(scores.device), -torch.inf)


def _limits() -> Any:
    return llguidance.LLParserLimits(max_lexer_states=_MOST_STATES, verbose_errors=False)


def _json(schema: Any) -> str:
    return f"%json {json.dumps(_with_blanks(schema))}"


def _with_blanks(schema: Any) -> Any:
    return {**schema, "x-guidance": {"whitespace_pattern": _BLANK}} if isinstance(schema, dict) else schema


def _literal(text: str) -> str:
    return json.dumps(text) if text else ""


def _parameters(function: dict[str, Any]) -> Any:
    """A function without any takes an empty object."""
    return function.get("parameters") or {**_ANY_OBJECT, "additionalProperties": False}


def _said(problem: str) -> str:
    """In a line."""
    return " ".join(problem.removesuffix("<non-verbose/>").split()).rstrip(".")[:_MOST_SAID] or "a limit was reached"
