"""Signing in: a one-time token or a key becomes the cookie that a browser keeps to itself."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict

from modelscan.api.access import key_shown
from modelscan.api.asked import Verbs
from modelscan.api.failures import refused
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.selecting.context import Context
from modelscan.storage.keys import read_keys
from modelscan.storage.passes import COOKIE, page_sessions, page_tokens

router = page_router()


class SignIn(BaseModel):
    """One of them: `token` is that of the address that `modelscan ui` opens."""

    model_config = ConfigDict(strict=True)

    token: str = ""
    key: str = ""


@router.get("/ui/sign-in")
def sign_in(request: Request) -> Response:
    answer = rendered("sign_in.html")
    if "hx-request" in request.headers:  # led here instead of to a piece of a page: the whole page is to go
        answer.headers["HX-Redirect"] = "/ui/sign-in"
    return answer


@router.post("/ui/session", status_code=204)
def begin(asked: SignIn, context: Verbs, request: Request) -> Response:
    paths, clock = context.settings.paths, context.clock
    if not (page_tokens(paths, clock).take(asked.token) or _opens(context, asked.key)):
        said = "this link was used already, or is too old" if asked.token else "this key is not known here"
        raise refused(401, f"{said}; a new link is opened by: modelscan ui")
    sessions = page_sessions(paths, clock)
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        sessions.issue(),
        max_age=int(sessions.seconds),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.delete("/ui/session", status_code=204)
def end(context: Verbs, request: Request) -> Response:
    page_sessions(context.settings.paths, context.clock).take(request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _opens(context: Context, key: str) -> bool:
    found = key_shown(read_keys(context.settings.paths.keys_file), key)
    return found is not None and not found.models
