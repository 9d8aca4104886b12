"""What a hub's refusal means, in our words: who must do what. Pure.

The codes are those of Hugging Face's `X-Error-Code` header; other hubs' answers are put into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from modelscan.errors import ConfigInvalid, Gated, ModelNotFound, ModelscanError, SourceUnavailable, Unauthorized
from modelscan.parsing.text import clean

GATED, NO_REPO, NO_REVISION, NO_FILE = "GatedRepo", "RepoNotFound", "RevisionNotFound", "EntryNotFound"
_UNAUTHORIZED, _FORBIDDEN, _PROXY, _TOO_MANY = 401, 403, 407, 429


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Who was asked for what. `endpoint` is fit to be shown, `log_in` the command that takes a token for this hub."""

    endpoint: str
    repo_id: str
    revision: str | None
    log_in: str
    has_token: bool
    default_revision: str = "main"

    @property
    def details(self) -> dict[str, object]:
        return {"repo_id": self.repo_id, "revision": self.revision, "endpoint": self.endpoint}

    @property
    def token_hint(self) -> str:
        return "the token in use may not open it" if self.has_token else f"log in: {self.log_in}"


def require_address(text: str, variable: str) -> str:
    """The address of a hub, without a slash at its end. Raises ConfigInvalid for what is none."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ConfigInvalid(
            f"the variable `{variable}` holds no address of a hub",
            hints=[f"give it in full: export {variable}=https://host.example"],
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
    """The failure for an answer that is no success. `file` is the one that was asked for, if any."""
    details = asked.details | {"status": status, "retry_after": retry_after}
    if file is not None:
        details["file"] = file
    said = [text] if (text := clean(message)) else []
    if code == GATED:
        return Gated(
            f"`{asked.repo_id}` is gated: its owner lets only those in who accepted the terms",
            hints=[f"accept them in a browser: {asked.endpoint}/{asked.repo_id}", asked.token_hint],
            details=details,
        )
    if code is not None:
        return _not_found(asked, code, said, details)
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return Unauthorized(
            f"{asked.endpoint} refuses access to `{asked.repo_id}`",
            cause=said or [f"it answered {status}" + (f" for {file}" if file else "")],
            hints=[asked.token_hint],
            details=details,
        )
    if status == _PROXY:
        return SourceUnavailable(
            f"{asked.endpoint} cannot be reached: the proxy before it wants a login",
            hints=["give it in its address: export HTTPS_PROXY=http://USER:PASSWORD@host:port"],
            details=details,
        )
    if status == _TOO_MANY:
        return SourceUnavailable(
            f"{asked.endpoint} asks to wait: too many requests",
            hints=[
                f"wait {retry_after:.0f} s" if retry_after else "wait a few minutes",
                *([] if asked.has_token else [asked.token_hint]),
            ],
            details=details,
        )
    return SourceUnavailable(
        f"{asked.endpoint} answered {status}" + (f" for `{file}`" if file else ""),
        cause=said,
        hints=["try again later: what came is kept"],
        details=details,
    )


def no_answer(asked: Question, cause: str) -> SourceUnavailable:
    """The failure for an answer that is not in the hub's language: often that of a gate which wants a login."""
    return SourceUnavailable(
        f"{asked.endpoint} gives an answer that no hub gives",
        cause=[cause],
        hints=[f"is a proxy's or a network's login page in between? look: curl -iL {asked.endpoint}"],
        details=asked.details,
    )


def _not_found(asked: Question, code: str, said: list[str], details: dict[str, object]) -> ModelNotFound:
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
            cause=said,
            hints=["the repo, or a mirror of it, is not whole: try again later, or without the mirror"],
            details=details,
        )
    return ModelNotFound(
        f"`{repo_id}` is not on {asked.endpoint}",
        cause=["no such repo, or a private one that the token in use does not open"],
        hints=[f"modelscan catalog search {repo_id.rpartition('/')[2]}", asked.token_hint],
        details=details,
    )
