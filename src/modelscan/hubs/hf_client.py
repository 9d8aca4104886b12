"""huggingface_hub's client with the user's own settings, and its failures in our words.

The library reads HF_HOME, HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE from the process when it is imported. They are
passed on here by hand as well, so that a caller's `environ` is what counts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelscan import __version__
from modelscan.errors import Gated, ModelNotFound, ModelscanError, SourceUnavailable, Unauthorized
from modelscan.hubs.hf_cache import hub_cache
from modelscan.storage.files import storage_failed

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_HUB = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429


def endpoint_of(environ: Mapping[str, str]) -> str:
    """The hub, or the mirror that HF_ENDPOINT names."""
    return (environ.get("HF_ENDPOINT") or _HUB).rstrip("/")


def is_offline(environ: Mapping[str, str]) -> bool:
    """Whether the user told huggingface_hub (or transformers) to stay off the network."""
    return any(environ.get(name, "").upper() in _TRUE for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def token_of(environ: Mapping[str, str]) -> str | None:
    """The user's token; None lets the library use its own login, or none where the user wants none sent."""
    if environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in _TRUE:
        return None
    return environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN") or None


def make_api(environ: Mapping[str, str]) -> HfApi:
    import logging

    from huggingface_hub import HfApi
    from huggingface_hub import logging as hub_logging

    # The library's advice goes to stderr, which belongs to the command's own words.
    hub_logging.set_verbosity(logging.ERROR)
    return HfApi(
        endpoint=endpoint_of(environ),
        token=token_of(environ),
        library_name="modelscan",
        library_version=__version__,
    )


@contextlib.contextmanager
def translated(repo_id: str, revision: str | None, environ: Mapping[str, str]) -> Iterator[None]:
    """Inside, the library's exceptions become ours: Gated, Unauthorized, ModelNotFound, SourceUnavailable,
    StorageFailed.
    """
    import huggingface_hub.errors as hub

    # The base of its transport's errors (httpx, httpx2 since 2.0), by the name that the library imports it under.
    transport: type[Exception] = vars(hub)["HTTPError"]
    known = (transport, OSError, hub.EntryNotFoundError, hub.HFValidationError)
    try:
        yield
    except known as error:
        raise _ours(error, repo_id, revision, environ) from error


def _ours(error: Any, repo_id: str, revision: str | None, environ: Mapping[str, str]) -> ModelscanError:
    """The order counts: a gated repo is a kind of missing one, and every answer of the hub is a kind of OSError."""
    import huggingface_hub.errors as hub

    endpoint = endpoint_of(environ)
    details: dict[str, object] = {"repo_id": repo_id, "revision": revision, "endpoint": endpoint}
    if isinstance(error, hub.GatedRepoError):
        return Gated(
            f"`{repo_id}` is gated: its owner lets only those in who accepted the terms",
            hints=[f"accept them in a browser: {endpoint}/{repo_id}", _log_in(environ)],
            details=details,
        )
    if isinstance(error, (*_missing(hub), hub.HFValidationError)):
        return _not_found(error, repo_id, revision, environ, details)
    if isinstance(error, hub.HfHubHTTPError):
        return _answered(endpoint, error, details, environ)
    return _on_the_way(error, repo_id, environ, details)


def _on_the_way(error: Any, repo_id: str, environ: Mapping[str, str], details: dict[str, object]) -> ModelscanError:
    """No answer of the hub, but trouble with the disk or the network."""
    import huggingface_hub.errors as hub

    network = (ConnectionError, TimeoutError, hub.FileMetadataError, hub.LocalEntryNotFoundError)
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, network):
        return storage_failed(hub_cache(environ), error)
    if type(error) is OSError:
        # The library's check of a finished file: its size is not what the hub announced.
        return SourceUnavailable(
            f"the download of `{repo_id}` broke off", cause=[str(error)], hints=["run the command again"]
        )
    return _unreachable(str(details["endpoint"]), error, details)


def _missing(hub: Any) -> tuple[type[Exception], ...]:
    return hub.RepositoryNotFoundError, hub.RevisionNotFoundError, hub.RemoteEntryNotFoundError


def _not_found(
    error: Any, repo_id: str, revision: str | None, environ: Mapping[str, str], details: dict[str, object]
) -> ModelNotFound:
    import huggingface_hub.errors as hub

    if isinstance(error, hub.HFValidationError):
        return ModelNotFound(f"`{repo_id}` is not the name of a repo", cause=[str(error)], details=details)
    if isinstance(error, hub.RevisionNotFoundError):
        return ModelNotFound(f"`{repo_id}` has no revision `{revision or 'main'}`", details=details)
    if isinstance(error, hub.RemoteEntryNotFoundError):
        return ModelNotFound(f"`{repo_id}` lacks a file that it lists", cause=[str(error)], details=details)
    return ModelNotFound(
        f"`{repo_id}` is not on {details['endpoint']}",
        cause=["no such repo, or a private one that the token in use does not open"],
        hints=[f"modelscan catalog search {repo_id.rpartition('/')[2]}", _log_in(environ)],
        details=details,
    )


def _answered(endpoint: str, error: Any, details: dict[str, object], environ: Mapping[str, str]) -> SourceUnavailable:
    status = error.response.status_code
    details["status"] = status
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return Unauthorized(
            f"{endpoint} refuses access to `{details['repo_id']}`",
            cause=[error.server_message or f"it answered {status}"],
            hints=[_log_in(environ)],
            details=details,
        )
    if status == _TOO_MANY:
        return SourceUnavailable(
            f"{endpoint} asks to wait: too many requests",
            hints=["wait a few minutes", _log_in(environ)],
            details=details,
        )
    return SourceUnavailable(
        f"{endpoint} answered {status}",
        cause=[error.server_message] if error.server_message else [],
        hints=["try again later"],
        details=details,
    )


def _unreachable(endpoint: str, error: BaseException, details: dict[str, object]) -> SourceUnavailable:
    reason = error.__cause__ or error
    return SourceUnavailable(
        f"{endpoint} cannot be reached",
        cause=[(str(reason) or type(reason).__name__).splitlines()[0]],
        hints=[f"is it a proxy's or a firewall's doing? try: curl -I {endpoint}"],
        details=details,
    )


def _log_in(environ: Mapping[str, str]) -> str:
    return "log in: modelscan login" if token_of(environ) is None else "the token in use may not open it"
