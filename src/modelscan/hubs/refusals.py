"""Hub error responses as our errors: the cause and what to do. Pure.

The codes are those of Hugging Face's `X-Error-Code` header; other hubs' responses are mapped to them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from modelscan.dataclasses import dataclass
from modelscan.errors import ConfigInvalid, Gated, ModelNotFound, ModelscanError, SourceUnavailable, Unauthorized
from modelscan.parsing.text import clean

GATED, NO_REPO, NO_REVISION, NO_FILE = "GatedRepo", "RepoNotFound", "RevisionNotFound", "EntryNotFound"
_UNAUTHORIZED, _FORBIDDEN, _PROXY, _TOO_MANY = 401, 403, 407, 429


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A request to a hub. `endpoint` is safe to show, `log_in` is the command that stores a token for this hub,
    `token_from` where the token in use comes from.
    """

    endpoint: str
    repo_id: str
    revision: str | None
    log_in: str
    token_from: str | None
    default_revision: str = "main"

    @property
    def details(self) -> dict[str, object]:
        return {"repo_id": self.repo_id, "revision": self.revision, "endpoint": self.endpoint}

    @property
    def token_hint(self) -> str:
        return f"the token from {self.token_from} may lack access" if self.token_from else f"log in: {self.log_in}"

    @property
    def without_token(self) -> str:
        """How to ask without the token in use."""
        origin = str(self.token_from)
        if origin.isidentifier():
            return f"public repos need no token: unset {origin}"
        return "public repos need no token: export HF_HUB_DISABLE_IMPLICIT_TOKEN=1"


def require_address(text: str, variable: str) -> str:
    """The address of a hub without a trailing slash. Raises ConfigInvalid for an invalid one."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ConfigInvalid(
            f"the environment variable `{variable}` is not a valid hub address",
            hints=[f"write the full address: export {variable}=https://host.example"],
        )
    return text.rstrip("/")


def refused(
    asked: Question,
    status: int,
    *,
    code: str | None = None,
    message: str = "",
    retry_after: float | None = None,
    file: str | None = None,
) -> ModelscanError:
    """The error for an unsuccessful response. `file` is the requested file, if any."""
    details = asked.details | {"status": status, "retry_after": retry_after}
    if file is not None:
        details["file"] = file
    reasons = [text] if (text := clean(message)) else []
    if code == GATED:
        return Gated(
            f"`{asked.repo_id}` is gated: its owner grants access only to people who accepted the terms",
            hints=[f"accept the terms in a browser: {asked.endpoint}/{asked.repo_id}", asked.token_hint],
            details=details,
        )
    if code is not None:
        return _not_found(asked, code, reasons, details)
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        cause = reasons or [f"it answered {status}" + (f" for {file}" if file else "")]
        return _unauthorized(asked, status, cause, details)
    if status == _PROXY:
        return SourceUnavailable(
            f"{asked.endpoint} cannot be reached: the proxy requires authentication",
            hints=["put the credentials in its address: export HTTPS_PROXY=http://USER:PASSWORD@host:port"],
            details=details,
        )
    if status == _TOO_MANY:
        return SourceUnavailable(
            f"{asked.endpoint} is rate limiting: too many requests",
            hints=[
                f"wait {retry_after:.0f} s" if retry_after else "wait a few minutes",
                *([] if asked.token_from else [asked.token_hint]),
            ],
            details=details,
        )
    return SourceUnavailable(
        f"{asked.endpoint} answered {status}" + (f" for `{file}`" if file else ""),
        cause=reasons,
        hints=["try again later: what was downloaded is kept"],
        details=details,
    )


def _unauthorized(asked: Question, status: int, cause: list[str], details: dict[str, object]) -> Unauthorized:
    """401 is an answer to the token, 403 to what its account may do (RFC 9110, 15.5.2 and 15.5.4)."""
    if status == _UNAUTHORIZED and asked.token_from:
        return Unauthorized(
            f"{asked.endpoint} does not accept the token from {asked.token_from}: it is wrong or expired",
            cause=cause,
            hints=[asked.without_token, f"store a new token: {asked.log_in}"],
            details=details | {"token_from": asked.token_from},
        )
    return Unauthorized(
        f"{asked.endpoint} denies access to `{asked.repo_id}`", cause=cause, hints=[asked.token_hint], details=details
    )


def no_answer(asked: Question, cause: str) -> SourceUnavailable:
    """The error for a response that is not a hub's: often the login page of a proxy."""
    return SourceUnavailable(
        f"{asked.endpoint} sent an answer that is not a hub's",
        cause=[cause],
        hints=[f"a proxy or a login page may be in between, check: curl -iL {asked.endpoint}"],
        details=asked.details,
    )


def _not_found(asked: Question, code: str, reasons: list[str], details: dict[str, object]) -> ModelNotFound:
    repo_id = asked.repo_id
    if code == NO_REVISION:
        return ModelNotFound(
            f"`{repo_id}` has no revision `{asked.revision or asked.default_revision}`",
            hints=[f"see {asked.endpoint}/{repo_id}"],
            details=details,
        )
    if code == NO_FILE:
        named = f"`{details['file']}`, which it lists" if "file" in details else "a file that it lists"
        return ModelNotFound(
            f"`{repo_id}` lacks {named}",
            cause=reasons,
            hints=["the repo or its mirror is incomplete: try again later, or without the mirror"],
            details=details,
        )
    return ModelNotFound(
        f"`{repo_id}` is not on {asked.endpoint}",
        cause=["there is no such repo, or it is private and the token in use has no access"],
        hints=[f"modelscan catalog search {repo_id.rpartition('/')[2]}", asked.token_hint],
        details=details,
    )
