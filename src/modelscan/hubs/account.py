"""The hubs' answers to which account owns a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from modelscan.hubs.payload import Lenient, Payload, Text, read_payload


class AccountName(Payload):
    """`name` is Hugging Face's; ModelScope has answered with all over time (modelscope_hub 0.5.1, _openapi.py)."""

    title: Text = Field(default=None, alias="Username")
    username: Text = None
    name: Text = None
    preferred_username: Text = None

    @property
    def any(self) -> str | None:
        return self.title or self.username or self.name or self.preferred_username


class AccountAnswer(AccountName):
    """Hugging Face answers with the account, ModelScope with one in `data`."""

    data: Annotated[AccountName | None, Lenient] = None

    @property
    def owner(self) -> str | None:
        return self.data.any if self.data is not None else self.any


def read_owner(content: bytes, refusal: Callable[[str], Exception]) -> str | None:
    """The name of the account. Raises `refusal(reason)` for an invalid answer."""
    return read_payload(AccountAnswer, content, refusal).owner
