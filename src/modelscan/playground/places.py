"""Where weights may be brought, and what lies there already."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelscan.errors import Usage
from modelscan.hubs.ledger import Ledger
from modelscan.playground.asked import AskedS3
from modelscan.playground.record import S3Bucket
from modelscan.playground.sources import HOST_PATTERN
from modelscan.settings.reading import Settings

_PATH = "downloadTarget.localPath"
# AWS's "General purpose bucket naming rules", then a prefix without dots at the end of a part.
BUCKET_PATTERN = (
    r"(?:s3://)?[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,99}[A-Za-z0-9_-])?){0,9}/?"
)
ENDPOINT_PATTERN = rf"(?:(?:https?://)?{HOST_PATTERN}/?)?"
FOLDER_PATTERN = r"(?:/[^/\x00]{1,255})+/?"
_BUCKET, _ENDPOINT, _FOLDER = map(re.compile, (BUCKET_PATTERN, ENDPOINT_PATTERN, FOLDER_PATTERN))


def allowed_folders(settings: Settings) -> Sequence[Path]:
    """Those of `api.download_dirs`, by default one in the data folder; without symbolic links."""
    named = [Path(text).expanduser() for text in settings.api.download_dirs] or [settings.paths.downloads_by_request]
    return [path.absolute().resolve() for path in named]


def checked_folder(settings: Settings, local_path: str, repo_id: str) -> Path:
    """The folder without symbolic links. Raises Usage for one that is relative, outside of what is allowed, cannot be
    written, or holds anything but what was brought there of this repo.
    """
    if not _FOLDER.fullmatch(local_path):
        raise Usage(f"{_PATH}: `{local_path[:200]}` is not an absolute path")
    with _refusing(local_path):
        folder, allowed = Path(local_path).resolve(), allowed_folders(settings)
        if not any(folder.is_relative_to(place) and folder != place for place in allowed):
            places = ", ".join(f"`{place}`" for place in allowed)
            raise Usage(f"{_PATH}: `{local_path}` is not below {places}: see the setting api.download_dirs")
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            raise Usage(f"{_PATH}: `{local_path}` cannot be written")
        is_empty = existing != folder or next(folder.iterdir(), None) is None
    if not is_empty:
        with Ledger.for_reading(settings.paths) as ledger:
            repos = {item.repo_id for item in ledger.placed(str(folder))}
        if repos != {repo_id}:
            other = f"holds weights of `{min(repos)}`" if repos else "is not empty, and not of our making"
            raise Usage(f"{_PATH}: `{local_path}` {other}")
    return folder


@contextlib.contextmanager
def _refusing(local_path: str) -> Iterator[None]:
    """Names that are too long, circles of links, folders that cannot be looked into."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it leads nowhere"
        raise Usage(f"{_PATH}: `{local_path[:200]}` cannot be used: {reason}") from error


def checked_bucket(asked: AskedS3, model_id: str) -> S3Bucket:
    """Weights lie below the model's id in it, so that no two share them. Raises Usage."""
    where = "downloadTarget.s3Config"
    if not _BUCKET.fullmatch(asked.bucket):
        raise Usage(f"{where}.bucket: `{asked.bucket}` is not the name of a bucket")
    if not _ENDPOINT.fullmatch(asked.endpoint):
        raise Usage(f"{where}.endpoint: it must be an http or https address without a path, credentials or query")
    bucket, _, prefix = asked.bucket.removeprefix("s3://").rstrip("/").partition("/")
    endpoint = asked.endpoint.rstrip("/")
    return S3Bucket(
        endpoint=endpoint if "://" in endpoint or not endpoint else f"https://{endpoint}",
        bucket=bucket,
        region=asked.region,
        prefix=f"{prefix}/{model_id}".lstrip("/"),
    )
