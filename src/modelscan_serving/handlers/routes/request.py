"""What the routes share: the JSON of a body, the model that it names, a call that ends when its client leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from modelscan_serving.handlers.errors import ApiError, failed, unknown_model
from modelscan_serving.handlers.pictures import FetchImage
from modelscan_serving.handlers.protocols import BadInput, Cancelled
from modelscan_serving.handlers.slots import CancelEvent, Slot


@dataclass(frozen=True, kw_only=True)
class ServedModel:
    """A model that is loaded. `defaults` are what counts where a request is silent."""

    slot: Slot
    task: str
    defaults: Mapping[str, Any]
    owned_by: str
    capabilities: tuple[str, ...]
    structured: bool
    created: int

    @property
    def handler(self) -> Any:
        return self.slot.handler

    @property
    def document(self) -> dict[str, Any]:
        return {
            "object": "model",
            "created": self.created,
            "owned_by": self.owned_by,
            "capabilities": list(self.capabilities),
        }


@dataclass(kw_only=True)
class State:
    """What is loaded by now; `models` by each of their names. It changes in the loop's thread only.

    `fetch_image` gets media type and bytes of an image by its address; None where addresses are not followed.
    """

    wanted: int
    fetch_image: FetchImage | None = None
    loaded: int = 0
    loading: str | None = None
    models: dict[str, ServedModel] = field(default_factory=dict)

    def add(self, names: Sequence[str], model: ServedModel) -> None:
        self.models |= dict.fromkeys(names, model)
        self.loaded += 1

    def cancel_all(self) -> None:
        """Every call, running or waiting, is told that nobody waits for it."""
        for model in self.models.values():
            model.slot.cancel_all()


async def body_of(request: Request) -> dict[str, Any]:
    """Raises ApiError for what is no JSON object, or holds text that no tokenizer takes."""
    try:
        given = (await request.body()).decode("utf-8-sig")
        document = json.loads(given)
        if "\\u" in given:
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ApiError("The body holds half of a surrogate pair, which is no character.") from error
    except (ValueError, RecursionError) as error:
        raise ApiError(f"The body is not valid JSON: {error}.") from error
    if not isinstance(document, dict):
        raise ApiError("The body is not a JSON object.")
    return document


def model_for(request: Request, name: object, capability: str) -> ServedModel:
    """Raises ApiError for a name that is not served, or whose model does something else."""
    if not isinstance(name, str):
        raise ApiError("`model` is the name of a model.", param="model")
    state: State = request.app.state.serving
    model = state.models.get(name)
    if model is None:
        raise unknown_model(name)
    if capability not in model.capabilities:
        does = ", ".join(model.capabilities)
        raise ApiError(f"The model `{name}` does {does}, and not {capability}.", param="model")
    return model


@contextlib.asynccontextmanager
async def waited_for(request: Request) -> AsyncIterator[CancelEvent]:
    """An event that is set as soon as the client leaves. The body was read by then."""
    event = CancelEvent()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        event.set()

    watching = asyncio.create_task(watch())
    try:
        yield event
    finally:
        watching.cancel()


async def call(request: Request, model: ServedModel, method: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """What the handler returns. Raises ApiError where it fails, or its client left."""
    async with waited_for(request) as event:
        try:
            return await model.slot.call(event, method, *given, **options)
        except Exception as error:  # a class of anybody's may raise anything
            raise told(error) from error


def told(error: Exception) -> ApiError:
    """What a client is told of a handler's failure: bad values in the handler's words, all else only in the log."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, BadInput):
        return ApiError(str(error), param=error.param)
    if isinstance(error, Cancelled):
        return ApiError("The request was cancelled.", status=503, code="cancelled")
    sys.excepthook(type(error), error, error.__traceback__)
    return failed()


def number(body: Mapping[str, Any], name: str, default: Any, *, low: float, high: float, whole: bool = False) -> Any:
    """A number between two bounds; what is absent or null is the default."""
    value = body.get(name)
    if value is None:
        return default
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise ApiError(f"`{name}` is {kind} from {low:g} to {high:g}.", param=name)
    return value


def text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name)
    if value is None:
        value = default
    if not isinstance(value, str) or (not value and default is None):
        raise ApiError(f"`{name}` is a text that is not empty.", param=name)
    return value


def word(body: Mapping[str, Any], name: str, words: Collection[str], default: str) -> str:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value not in words:
        raise ApiError(f"`{name}` is one of {', '.join(words)}.", param=name)
    return value


def flag(body: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ApiError(f"`{name}` is true or false.", param=name)
    return value
