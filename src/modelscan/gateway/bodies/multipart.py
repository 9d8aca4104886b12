"""The part `model` of a form, found while the form passes by. Pure.

A file is never looked into and never kept. What parsers could read in two ways is refused: a name that is not one plain
quoted word, and a second part `model`.
"""

from __future__ import annotations

import re

from modelscan.gateway.bodies.peek import BadBody

_BOUNDARY = re.compile(rb'multipart/form-data\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name\s*=\s*"([^"\\\r\n]*)"', re.IGNORECASE)
_NAMES = re.compile(rb"[;\s]name\*?\d*\*?\s*=", re.IGNORECASE)
_DISPOSITION = re.compile(rb"^content-disposition:(.*)$", re.IGNORECASE | re.MULTILINE)
_MOST_HEADER_BYTES = 8_192
_MOST_NAME_BYTES = 1_024


class MultipartScan:
    """`feed` it the body in pieces. `model` is known once its part was whole; `span` is where it stands."""

    def __init__(self, content_type: bytes) -> None:
        """Raises BadBody for a content type without a boundary."""
        found = _BOUNDARY.match(content_type)
        if found is None:
            raise BadBody("the body must be multipart/form-data with a boundary")
        self._delimiter = b"\r\n--" + (found[1] or found[2])
        self._buffer = b"\r\n"  # the first delimiter may stand at the very start
        self._at = -2  # where the buffer begins, in bytes of the body
        self._step = self._find_delimiter
        self.model: str | None = None
        self.span: tuple[int, int] | None = None

    def feed(self, data: bytes) -> None:
        """Raises BadBody."""
        self._buffer += data
        while self._step():
            pass

    def _find_delimiter(self) -> bool:
        place = self._buffer.find(self._delimiter)
        if place < 0:
            self._drop(max(0, len(self._buffer) - len(self._delimiter) + 1))
            return False
        self._drop(place + len(self._delimiter))
        self._step = self._read_headers
        return True

    def _read_headers(self) -> bool:
        if self._buffer[:2] == b"--":
            self._step = self._ignore
            return True
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEADER_BYTES:
                raise BadBody("the headers of a part are too long")
            return False
        is_model = _names_model(self._buffer[:end])
        if is_model and self.span is not None:
            raise BadBody("the form must name its `model` once", param="model")
        self._drop(end + 4 if is_model else end + 2)  # an empty part's delimiter begins with the last line end
        self._step = self._read_model if is_model else self._find_delimiter
        return True

    def _read_model(self) -> bool:
        end = self._buffer.find(self._delimiter)
        if end < 0:
            if len(self._buffer) > _MOST_NAME_BYTES + len(self._delimiter):
                raise BadBody("`model` is too long", param="model")
            return False
        value = self._buffer[:end]
        if end > _MOST_NAME_BYTES:
            raise BadBody("`model` is too long", param="model")
        if value.startswith(self._delimiter[2:]):  # a part without a body: its delimiter has the headers' line end
            raise BadBody("`model` is empty", param="model")
        try:
            self.model = value.decode()
        except UnicodeDecodeError:
            raise BadBody("`model` must be text", param="model") from None
        self.span = (self._at, self._at + end)
        self._step = self._find_delimiter
        return True

    def _ignore(self) -> bool:
        self._drop(len(self._buffer))
        return False

    def _drop(self, size: int) -> None:
        self._buffer = self._buffer[size:]
        self._at += size


def _names_model(headers: bytes) -> bool:
    dispositions = _DISPOSITION.findall(headers)
    if len(dispositions) != 1 or len(_NAMES.findall(dispositions[0])) != 1:
        raise BadBody("each part of the form must have one name")
    name = _NAME.search(dispositions[0])
    if name is None:
        raise BadBody("the name of each part must be quoted")
    return bool(name[1].lower() == b"model")
