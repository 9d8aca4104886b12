"""What `--speculative-config` asks for, as far as it takes memory (0.33: config/speculative.py)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.backends.base import Speculation
from modelscan.errors import Usage

ARGUMENT = "--speculative-config"
_OWN = "mtp"  # `mtp`, and the names of families before it: `deepseek_mtp`, `qwen3_next_mtp` …
_MOST = 64  # beyond it nobody drafts, and a figure that is a mistake


def speculation(arguments: Sequence[str]) -> Speculation | None:
    """Raises Usage for a setting that is not JSON, and for a number of tokens that is none."""
    given: dict[str, Any] = {}
    for argument in read_arguments(arguments):
        if argument.name == ARGUMENT:
            given |= _read(argument)
    if not given:
        return None
    method, tokens = str(given.get("method", "")), given.get("num_speculative_tokens")
    if tokens is not None and (not isinstance(tokens, int) or not 0 < tokens <= _MOST):
        raise Usage(f"`num_speculative_tokens` of {ARGUMENT} is {tokens!r}", hints=[f"give a number from 1 to {_MOST}"])
    return Speculation(method=method, tokens=tokens, own_layers=method.endswith(_OWN))


def _read(argument: Argument) -> dict[str, Any]:
    """The setting as a whole, or one key of it in the dotted form."""
    key = argument.words[0].partition("=")[0].partition(".")[2]
    text = " ".join(argument.values)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if key:
        return {key: value}
    if not isinstance(value, dict):
        raise Usage(
            f"`{text}` is no setting for {ARGUMENT}",
            hints=[f'the form is --backend-arg=\'{ARGUMENT}={{"method":"mtp","num_speculative_tokens":2}}\''],
        )
    return value
