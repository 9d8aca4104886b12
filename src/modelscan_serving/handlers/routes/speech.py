"""POST /v1/audio/transcriptions and /v1/audio/translations: forms with a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.protocols import SpeechResult
from modelscan_serving.handlers.routes.request import call, model_for
from modelscan_serving.handlers.subtitles import srt, vtt

_FORMATS = ("json", "text", "srt", "vtt", "verbose_json")
_GRANULARITIES = frozenset({"segment", "word"})
_GRANULARITY = "timestamp_granularities[]"
_UNSERVED = ("stream", "chunking_strategy", "include[]")


async def transcribe(request: Request) -> Response:
    return await _heard(request, "transcribe")


async def translate(request: Request) -> Response:
    return await _heard(request, "translate")


async def _heard(request: Request, task: str) -> Response:
    async with _form(request) as form:
        model = model_for(request, form.get("model"), "audio-transcription")
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.size:
            raise ApiError("`file` is a file with sound.", param="file")
        for name in _UNSERVED:
            if str(form.get(name, "")).lower() not in {"", "false", "0"}:
                raise ApiError(f"`{name}` is not supported.", param=name)
        shape = str(form.get("response_format") or "json")
        if shape not in _FORMATS:
            raise ApiError(f"`response_format` is one of {', '.join(_FORMATS)}.", param="response_format")
        wanted = _granularities(form, shape)
        temperature = _temperature(form.get("temperature"))
        options = {
            "language": str(form["language"]) if form.get("language") else None,
            "prompt": str(form["prompt"]) if form.get("prompt") else None,
            "temperature": temperature,
            "task": task,
            "timestamp_granularity": "word" if "word" in wanted else "segment" if wanted else None,
        }
        with _private(await file.read(), file.filename) as path:
            heard = await call(request, model, model.handler.transcribe, path, **options)
    return _answer(heard, shape, task, wanted)


def _form(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ApiError("Send a form, with `content-type: multipart/form-data`.", status=415)
    return _Form(request)


class _Form:
    """Closes the files of a form; what is no form is the client's fault."""

    def __init__(self, request: Request) -> None:
        self._form = request.form(max_files=1, max_fields=32)

    async def __aenter__(self) -> FormData:
        try:
            return await self._form.__aenter__()
        except HTTPException as error:
            raise ApiError(f"The form cannot be read: {error.detail}") from error

    async def __aexit__(self, *_: object) -> None:
        await self._form.__aexit__(None, None, None)


def _granularities(form: FormData, shape: str) -> frozenset[str]:
    """What times are needed for an answer of that shape."""
    asked = frozenset(str(item) for item in form.getlist(_GRANULARITY))
    if asked and shape != "verbose_json":
        raise ApiError(f"`{_GRANULARITY}` goes with `response_format` verbose_json.", param=_GRANULARITY)
    if not asked <= _GRANULARITIES:
        raise ApiError(f"`{_GRANULARITY}` are {' and '.join(sorted(_GRANULARITIES))}.", param=_GRANULARITY)
    if shape in {"srt", "vtt"} or (shape == "verbose_json" and not asked):
        return frozenset({"segment"})
    return asked


def _temperature(given: Any) -> float:
    try:
        value = float(given or 0)
    except (TypeError, ValueError):
        value = -1.0
    if not 0 <= value <= 1:
        raise ApiError("`temperature` is a number from 0 to 1.", param="temperature")
    return value


@contextmanager
def _private(content: bytes, name: str | None) -> Iterator[str]:
    """A file that only this user can read, for as long as it is needed. Of its name the ending alone is kept."""
    ending = Path(name or "").suffix[:8]
    handle, path = tempfile.mkstemp(prefix="speech-", suffix=ending if ending[1:].isalnum() else "")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink()


def _answer(heard: SpeechResult, shape: str, task: str, wanted: frozenset[str]) -> Response:
    segments = [_fields(item) for item in heard.segments or ()]
    if shape == "text":
        return PlainTextResponse(heard.text.strip() + "\n")
    if shape == "srt":
        return PlainTextResponse(srt(segments), media_type="application/x-subrip")
    if shape == "vtt":
        return PlainTextResponse(vtt(segments), media_type="text/vtt")
    if shape == "json":
        return JSONResponse({"text": heard.text.strip()})
    document: dict[str, Any] = {
        "task": task,
        "language": heard.language,
        "duration": heard.duration,
        "text": heard.text.strip(),
    }
    if "segment" in wanted:
        document["segments"] = [{"id": number, **segment} for number, segment in enumerate(segments)]
    if "word" in wanted:
        document["words"] = [_fields(item) for item in heard.words or ()]
    return JSONResponse(document)


def _fields(item: Any) -> dict[str, Any]:
    """Of a segment or a word, however a class says it."""
    fields = dict(item) if isinstance(item, Mapping) else dict(vars(item))
    extra = fields.pop("extra", None) or {}
    return {**fields, **extra}
