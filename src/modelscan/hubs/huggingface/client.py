"""huggingface_hub's client with the user's own settings, and its errors as ours."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import huggingface_hub.errors as hub
from huggingface_hub import HfApi
from huggingface_hub import logging as hub_logging
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # documented, not in __all__

from modelscan import __version__
from modelscan.errors import ModelNotFound, ModelscanError, SourceUnavailable, shown_address
from modelscan.hubs.files import MOST_FILES, Listing, RemoteFile
from modelscan.hubs.huggingface.cache import is_commit
from modelscan.hubs.refusals import GATED, NO_FILE, NO_REPO, NO_REVISION, Question, no_answer, refused
from modelscan.hubs.tokens import HUBS, token_origin
from modelscan.hubs.variables import endpoint_of, metadata_timeout, token_of
from modelscan.parsing.fields import repo
from modelscan.storage.files import storage_failed
from modelscan.system.clock import SystemClock
from modelscan.system.http import network_hint, require_usable_variables, retry_after, told_reason

_LONGEST_SECONDS = 120.0  # for all pages of a listing


def make_api(environ: Mapping[str, str]) -> HfApi:
    # The library's advice goes to stderr, which belongs to the command's own words.
    hub_logging.set_verbosity(logging.ERROR)
    return HfApi(
        endpoint=endpoint_of(environ),
        token=token_of(environ),
        library_name="modelscan",
        library_version=__version__,
    )


def request_headers(environ: Mapping[str, str]) -> dict[str, str]:
    """What goes with a request for a file: the user's token, or the library's own login."""
    return dict(build_hf_headers(token=token_of(environ), library_name="modelscan", library_version=__version__))


def asked(repo_id: str, revision: str | None, environ: Mapping[str, str]) -> Question:
    has_token = "authorization" in request_headers(environ)
    return Question(
        endpoint=shown_address(endpoint_of(environ)),
        repo_id=repo_id,
        revision=revision,
        log_in="modelscan login",
        token_from=token_origin(HUBS["huggingface"], environ) or "your login" if has_token else None,
    )


def list_repo(repo_id: str, revision: str | None, environ: Mapping[str, str]) -> Listing:
    """The commit of a revision, and all its files with their hashes. Raises our errors."""
    api = make_api(environ)
    with _translated(repo_id, revision, environ):
        info = api.model_info(repo_id, revision=revision, timeout=metadata_timeout(environ))
        commit = info.sha
        if not isinstance(commit, str) or not is_commit(commit):
            raise ValueError("it names no commit")
        tree = _bounded(api.list_repo_tree(repo_id, recursive=True, revision=commit))
        files = tuple(_remote_file(entry) for entry in tree if isinstance(entry, RepoFile))
    card, counts = info.card_data, getattr(info.safetensors, "parameters", None)
    return Listing(
        commit=commit,
        revision=revision,
        repo_id=repo(info.id),
        files=files,
        license=_text(card.get("license_name") or card.get("license")) if card else None,
        gated=None if info.gated is None else bool(info.gated),
        parameters_by_dtype=dict(counts) if isinstance(counts, Mapping) else {},
    )


def _bounded(entries: Iterable[Any]) -> Iterator[Any]:
    """The entries of a listing, which comes in pages. Raises ValueError for one that does not end."""
    clock = SystemClock()
    until = clock.monotonic() + _LONGEST_SECONDS
    for number, entry in enumerate(entries):
        if number >= MOST_FILES or clock.monotonic() > until:
            raise ValueError("its list of files does not end")
        yield entry


def _remote_file(entry: Any) -> RemoteFile:
    lfs = entry.lfs
    return RemoteFile(
        path=entry.path,
        size_bytes=lfs.size if lfs else entry.size,
        sha256=lfs.sha256 if lfs else None,
        blob_id=entry.blob_id,
        xet_hash=entry.xet_hash,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


@contextlib.contextmanager
def _translated(repo_id: str, revision: str | None, environ: Mapping[str, str]) -> Iterator[None]:
    """Inside, the library's exceptions become ours."""
    # The base of its transport's errors (httpx, httpx2 since 2.0), by the name that the library imports it under.
    transport: type[Exception] = vars(hub)["HTTPError"]
    try:
        yield
    except (transport, OSError, hub.HFValidationError) as error:
        raise _ours(error, asked(repo_id, revision, environ)) from error
    except (ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        # The library takes for granted what it reads, and that the user's variables make sense.
        require_usable_variables()
        raise no_answer(asked(repo_id, revision, environ), f"it is not valid ({type(error).__name__})") from error


def _ours(error: Any, about: Question) -> ModelscanError:
    """The order counts: a gated repo is a kind of missing one, and every answer of the hub is a kind of OSError."""
    if isinstance(error, hub.HFValidationError):
        return ModelNotFound(f"`{about.repo_id}` is not a valid repo name", cause=[str(error)], details=about.details)
    if isinstance(error, hub.HfHubHTTPError):
        kinds = {
            hub.GatedRepoError: GATED,
            hub.RepositoryNotFoundError: NO_REPO,
            hub.RevisionNotFoundError: NO_REVISION,
            hub.RemoteEntryNotFoundError: NO_FILE,
        }
        code = next((code for kind, code in kinds.items() if isinstance(error, kind)), None)
        status, wait = error.response.status_code, retry_after(error.response.headers)
        return refused(about, status, code=code, message=error.server_message or "", retry_after=wait)

    if isinstance(error, OSError) and error.filename is not None:  # its own login and notes, on this machine
        return storage_failed(Path(str(error.filename)), error, verb="read")
    require_usable_variables()
    cause = error.__cause__ or error
    reason = told_reason(cause).splitlines()[0]
    return SourceUnavailable(
        f"{about.endpoint} cannot be reached",
        cause=[reason],
        hints=[network_hint(about.endpoint, reason)],
        details=about.details,
    )
