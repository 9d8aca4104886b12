"""What is changed of a body, and only where it must be: the name that the endpoint knows, and defaults. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from modelscan.gateway.bodies.peek import Peek, value_of_model

_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rewritten(
    body: bytes | bytearray,
    seen: Peek,
    *,
    model: str,
    defaults: Mapping[str, Any],
    spelled: Mapping[str, tuple[str, ...]],
    said: Mapping[str, Any] = {},
) -> bytes | bytearray:
    """The body with `model` as its model, and with those defaults that it leaves open; the request always wins.

    `said` is what every request for this name says besides. `spelled` are the names of defaults in this kind of
    request, the one to write first; others do not go with it.

    A body of which nothing has to change is returned as it is.
    """
    if not defaults and not said and model == seen.model:
        return body
    if model != seen.model:
        if not seen.once:
            body = json.dumps({**json.loads(body), "model": model}, ensure_ascii=False).encode()
        else:
            start, end = value_of_model(body)
            body = body[:start] + json.dumps(model).encode() + body[end:]
    missing = {
        names[0]: defaults[key]
        for key, names in spelled.items()
        if key in defaults and not any(_has(body, name) for name in names)
    }
    missing |= {name: value for name, value in said.items() if name != "model" and not _has(body, name)}
    if not missing:
        return body
    start = body.index(b"{") + 1
    return body[:start] + json.dumps(missing)[1:-1].encode() + b"," + body[start:]


def asks_for_structure(body: bytes | bytearray) -> bool:
    """Whether `response_format` asks for JSON."""
    if b'"response_format"' not in body:
        return False
    try:
        asked = msgspec.json.decode(_TOP.decode(body).get("response_format", msgspec.Raw(b"null")))
    except msgspec.DecodeError:
        return False
    return isinstance(asked, dict) and asked.get("type") in {"json_object", "json_schema"}


def _has(body: bytes | bytearray, name: str) -> bool:
    """Whether it is a key of the outermost object."""
    if b'"%b"' % name.encode() not in body:
        return False
    try:
        return name in _TOP.decode(body)
    except msgspec.DecodeError:
        return True
