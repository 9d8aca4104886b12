"""What the hub says of a repo to people: tags, the first words of its card, the picture of its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass
from modelscan.errors import Gated, ModelscanError, SourceUnavailable, Unauthorized
from modelscan.hubs.huggingface.answers import read_about, read_owner_card
from modelscan.hubs.huggingface.card import first_paragraph
from modelscan.hubs.variables import endpoint_of, is_offline, token_of

if TYPE_CHECKING:
    from modelscan.system.http import Http

_SECONDS = 3.0  # somebody waits for the answer, and can do without
_LARGEST = 2_000_000
_MOST_TAGS = 50
# What the hub adds to the tags that an owner wrote.
_NOT_OF_THE_OWNER = ("base_model:", "region:", "dataset:", "arxiv:", "doi:", "deploy:")


@dataclass(frozen=True, kw_only=True, slots=True)
class AboutRepo:
    """`repo_id` as the hub writes it. Empty where it says nothing."""

    repo_id: str
    tags: tuple[str, ...] = ()
    description: str = ""
    icon: str = ""


def about_repo(repo_id: str, environ: Mapping[str, str], http: Http) -> AboutRepo | None:
    """None where the hub cannot be reached, refuses, or has no such repo. Never raises for what it answers."""
    if is_offline(environ):
        return None
    asking = http.within(_SECONDS)
    try:
        listed = read_about(_fetched(asking, f"/api/models/{repo_id}", environ), _no_answer)
    except ModelscanError:
        return None
    own = tuple(tag for tag in listed.tags if not tag.startswith(_NOT_OF_THE_OWNER))
    return AboutRepo(
        repo_id=listed.id,
        tags=own[:_MOST_TAGS],
        description=_description(asking, listed.id, environ),
        icon=_icon(asking, listed.id.partition("/")[0], environ),
    )


def _description(http: Http, repo_id: str, environ: Mapping[str, str]) -> str:
    try:
        return first_paragraph(_fetched(http, f"/{repo_id}/resolve/main/README.md", environ).decode("utf-8", "replace"))
    except ModelscanError:
        return ""


def _icon(http: Http, owner: str, environ: Mapping[str, str]) -> str:
    for kind in ("organizations", "users"):
        try:
            picture = read_owner_card(_fetched(http, f"/api/{kind}/{owner}/overview", environ), _no_answer).avatar
        except (Gated, Unauthorized):
            return ""
        except SourceUnavailable as error:
            if error.details.get("status") is None:
                return ""
        else:
            return picture if picture and picture.startswith("https://") else ""
    return ""


def _fetched(http: Http, path: str, environ: Mapping[str, str]) -> bytes:
    token = token_of(environ)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return http.fetch(endpoint_of(environ) + path, headers=headers, limit=_LARGEST).content or b""


def _no_answer(reason: str) -> SourceUnavailable:
    return SourceUnavailable("the hub did not answer as it should", cause=[reason])
