"""The answers of Hugging Face's API where it is called directly; only the fields in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from modelscan.hubs.payload import Count, Lenient, Payload, Text, Texts, read_payload

_MOST_MODELS = 1_000  # a page of the list has at most this many


class TensorCount(Payload):
    """The hub's own count of parameters."""

    total: Count = None


class ListedModel(Payload):
    """A repo in the list of models (huggingface_hub 2.4.0, hf_api.py, `ModelInfo`)."""

    id: Annotated[str, Field(min_length=1, max_length=200, strict=True)]
    pipeline_tag: Text = None
    tags: Texts = ()
    safetensors: Annotated[TensorCount | None, Lenient] = None
    downloads: Count = None
    created_at: Text = Field(default=None, alias="createdAt")
    last_modified: Text = Field(default=None, alias="lastModified")


class OwnerCard(Payload):
    """An organisation or a user (huggingface_hub 2.4.0, hf_api.py, `Organization` and `User`)."""

    avatar: Text = Field(default=None, alias="avatarUrl")


ListedModels = Annotated[list[Annotated[ListedModel | None, Lenient]], Field(max_length=_MOST_MODELS)]
"""The list; an entry that is not a model is None."""


def read_models(content: bytes, refusal: Callable[[str], Exception]) -> list[ListedModel | None]:
    """The validated list. Raises `refusal(reason)` for an invalid one."""
    found: list[ListedModel | None] = read_payload(ListedModels, content, refusal)
    return found


def read_about(content: bytes, refusal: Callable[[str], Exception]) -> ListedModel:
    """The same for one repo. Raises `refusal(reason)` for an invalid answer."""
    return read_payload(ListedModel, content, refusal)


def read_owner_card(content: bytes, refusal: Callable[[str], Exception]) -> OwnerCard:
    """Raises `refusal(reason)` for an invalid answer."""
    return read_payload(OwnerCard, content, refusal)
