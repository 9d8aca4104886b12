"""Every failure as `{"error", "code"}`, with the HTTP status as `code`; a bug keeps its traceback to itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from modelscan.errors import (
    BackendNotInstalled,
    ClosedWeights,
    Conflict,
    ModelAmbiguous,
    ModelscanError,
    NoFit,
    NotFound,
    SourceUnavailable,
    TimedOut,
    Usage,
)

# The nearest class of a failure decides; what is in none of them is the server's own.
_STATUSES: Mapping[type[ModelscanError], int] = {
    Usage: 400,
    ModelAmbiguous: 409,
    NotFound: 404,
    NoFit: 409,
    ClosedWeights: 409,
    Conflict: 409,
    BackendNotInstalled: 409,
    SourceUnavailable: 502,
    TimedOut: 504,
}


class Failure(BaseModel):
    """`code` is the HTTP status; `hints` are commands to run next, where there are some."""

    error: str
    code: int
    hints: list[str] = []


def status_of(error: ModelscanError) -> int:
    """The HTTP status of a failure of a verb."""
    return next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), 500)


def refused(status: int, message: str, **headers: str) -> HTTPException:
    """To raise where a request is refused before any verb."""
    return HTTPException(status, message, headers={name.replace("_", "-"): value for name, value in headers.items()})


@contextlib.contextmanager
def answering_no() -> Iterator[None]:
    """Inside, what a verb calls wrong usage is the answer to a request that is as it is described: a Conflict."""
    try:
        yield
    except Usage as error:
        raise Conflict(error.message, cause=error.cause, hints=error.hints, details=error.details) from error


def handle_failures(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(ModelscanError, _verb)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _bug)


def answer(
    status: int, message: str, headers: Mapping[str, str] | None = None, hints: tuple[str, ...] = ()
) -> JSONResponse:
    content: dict[str, object] = {"error": message, "code": status}
    if hints:
        content["hints"] = list(hints)
    return JSONResponse(content, status, headers=dict(headers or {}))


def _http(request: Request, error: HTTPException) -> JSONResponse:
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004  Starlette names the methods of the first route of the path only
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return answer(error.status_code, str(error.detail), headers)


def _methods(request: Request) -> set[str]:
    found: set[str] = set()
    for route in request.app.state.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return found


def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    said = [_said(item) for item in error.errors()]
    where = "body" if any(item["loc"][:1] == ("body",) for item in error.errors()) else "parameters"
    return answer(400, f"invalid request {where}: {'; '.join(said)}")


def _said(item: Mapping[str, object]) -> str:
    location = item["loc"]
    assert isinstance(location, tuple)  # noqa: S101  pydantic's own form
    # A variant of a body, `<local>`, is no place in it.
    variants = [part[1:-1] for part in map(str, location[1:]) if part.startswith("<")]
    place = ".".join(part for part in map(str, location[1:]) if not part.startswith("<"))
    if item["type"] == "missing" and place:
        return f"{place} is required" + (f" for {variants[-1]}" if variants else "")
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _verb(_: Request, error: ModelscanError) -> JSONResponse:
    cause = f": {'; '.join(error.cause)}" if error.cause else ""
    return answer(status_of(error), f"{error.message}{cause}", hints=error.hints)


def _bug(request: Request, error: Exception) -> JSONResponse:
    request.app.state.on_bug(error)
    return answer(500, "this is a bug in modelscan; its traceback is in the log: modelscan logs api")
