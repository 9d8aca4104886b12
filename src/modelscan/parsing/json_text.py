"""Untrusted JSON: every parse error becomes one exception."""

from __future__ import annotations

import json
from typing import Any

from modelscan.parsing.problems import NotThisFormat

_LONGEST_NUMBER = 300  # digits; Python refuses to read some thousand, and with them the whole document


def load(payload: bytes | str) -> Any:
    """The document, or NotThisFormat with the reason."""
    try:
        try:
            return json.loads(payload)
        except json.JSONDecodeError:
            raise
        except ValueError:
            return json.loads(payload, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise NotThisFormat(f"not JSON: {error}") from error


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits
