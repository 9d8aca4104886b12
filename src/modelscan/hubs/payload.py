"""Hub answers, validated where they enter: bounded and cleaned; invalid optional values become None.

Imported with the first answer, never before: importing pydantic takes as long as a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError, WrapValidator

from modelscan.parsing import fields
from modelscan.parsing.text import clean

_Kind = TypeVar("_Kind")
_SHOWN = 80
_MOST_TEXTS = 500


def _or_none(value: Any, handler: Callable[[Any], Any]) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


def _text(value: Any) -> str | None:
    return fields.text(value) if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value[:_MOST_TEXTS]))) if isinstance(value, list) else ()


def _count(value: Any) -> int | None:
    return int(value) if fields.number(value) is not None and int(value) == value else None


Lenient = WrapValidator(_or_none)
"""An invalid value becomes None, and the rest of the answer is kept."""
Text = Annotated[str | None, BeforeValidator(_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Count = Annotated[int | None, BeforeValidator(_count)]
Flag = Annotated[bool | None, BeforeValidator(fields.flag)]


class Payload(BaseModel):
    """A part of an answer. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def read(cls, content: bytes, refusal: Callable[[str], Exception]) -> Self:
        """As `read_payload`."""
        return read_payload(cls, content, refusal)


def read_payload(kind: type[_Kind], content: bytes, refusal: Callable[[str], Exception]) -> _Kind:
    """The validated answer. Raises `refusal(reason)` for an invalid one."""
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        raise refusal(_reason(error, content)) from error


def _reason(error: ValidationError, content: bytes) -> str:
    """The invalid field; for an answer that is not JSON its first bytes, as it may be a login page."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = clean(".".join(map(str, first["loc"])))
    if first["type"] == "json_invalid" or not place:
        return f"it starts with {content[:_SHOWN]!r}"
    return f"`{place}`: {first['msg'].lower()}"
