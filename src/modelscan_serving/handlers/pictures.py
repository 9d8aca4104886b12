"""Images in messages: a data URL is checked, a remote one is fetched where that is allowed and becomes a data URL.

So a handler never gets an address, and none of its libraries fetches one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Any

from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.remote import Unreachable

FetchImage = Callable[[str, int], tuple[str, bytes]]
"""Media type and bytes of an image at an address, up to so many. Raises Unreachable."""

_MOST_IMAGES = 64
_MOST_BYTES = 32 * 1024 * 1024


async def with_images(
    messages: list[dict[str, Any]], *, takes_images: bool, fetch: FetchImage | None
) -> list[dict[str, Any]]:
    """The messages, with data URLs alone. Raises ApiError for a part that the model does not take."""
    count = 0
    for message in messages:
        parts = message["content"]
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            kind = part.get("type") if isinstance(part, dict) else None
            if kind == "text" and isinstance(part.get("text"), str):
                continue
            if kind != "image_url":
                raise ApiError(f"A part of a message is `text` or `image_url`, not `{kind}`.", param="messages")
            if not takes_images:
                raise ApiError("The model does not take images.", param="messages")
            count += 1
            if count > _MOST_IMAGES:
                raise ApiError(f"There are more than {_MOST_IMAGES} images.", param="messages")
            given = part.get("image_url")
            address = given.get("url") if isinstance(given, dict) else given
            parts[index] = {**part, "image_url": {"url": await _as_data(address, fetch=fetch)}}
    return messages


async def _as_data(address: Any, *, fetch: FetchImage | None) -> str:
    if not isinstance(address, str):
        raise ApiError("`image_url` needs a `url`.", param="image_url")
    if address.startswith("data:"):
        decode_data_url(address)
        return address
    if not address.startswith(("http://", "https://")):
        raise ApiError("An image is a data URL, or at an http address.", param="image_url")
    if fetch is None:
        raise ApiError("Images are not fetched from addresses here: send a data URL.", param="image_url")
    try:
        kind, content = await asyncio.to_thread(fetch, address, _MOST_BYTES)
    except Unreachable as error:
        raise ApiError(f"The image cannot be fetched: {error}.", param="image_url") from error
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def decode_data_url(address: str) -> bytes:
    """Raises ApiError for one that is no image in base64."""
    head, _, data = address.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        raise ApiError("A data URL begins with `data:image/…;base64,`.", param="image_url")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(f"A data URL is not base64: {error}.", param="image_url") from error
