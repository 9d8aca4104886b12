"""Describe the objects under an S3 address; they stay there, as the backend reads them itself.

An object has no commit. In its place stands a hash over the names, sizes and ETags of what a backend needs: it tells
whether they are still the same, and cannot bring back what they were.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from modelscan.errors import ModelNotFound, Usage
from modelscan.hubs.describing import ReadRange, describe_listing
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.memory import Memory
from modelscan.hubs.protocol import Access
from modelscan.hubs.s3.client import S3Object, list_objects, refuse_offline, s3_client, s3_translated
from modelscan.hubs.transfer.hashing import hashed
from modelscan.model import Adapter, Source, WeightsDescription
from modelscan.weights.address import S3Address, parse_s3
from modelscan.weights.reading.selection import needed_files

_DIGITS = 16


class S3Describer:
    """`Describes` over addresses like `s3://bucket/prefix`."""

    source: Source = "s3"

    def __init__(self, access: Access) -> None:
        self._access = access
        self._memory = Memory("s3", access.settings, access.clock)

    def describe(self, repo_id: str, revision: str | None, *, form: str | None = None) -> WeightsDescription:
        address = parse_s3(repo_id)
        with self._open(address) as client:
            listing = _listing(client, address, revision)
            known = self._memory.description(repo_id, listing.commit)
            if known is None:
                known = describe_listing("s3", str(address), listing, _reader(client, address), form)
                self._memory.keep_description(repo_id, listing.commit, known)
        return known

    def describe_here(self, repo_id: str, revision: str | None) -> WeightsDescription | None:  # noqa: ARG002
        """None: the objects may have changed since they were last described."""
        return None

    def adapter(self, name: str, repo_id: str, revision: str | None) -> Adapter:  # noqa: ARG002  the Protocol's
        raise Usage(
            f"the adapter `{name}` is in S3, from which no backend reads adapters",
            hints=[f"copy it here, and name the folder: --adapter {name}=/path/to/folder"],
        )

    def listing(self, repo_id: str, revision: str | None) -> Listing:
        address = parse_s3(repo_id)
        with self._open(address) as client:
            return _listing(client, address, revision)

    def files(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        found = self.listing(repo_id, commit or None).files
        wanted = set(needed_files([file.path for file in found], form=form))
        return tuple(file for file in found if file.path in wanted)

    @contextlib.contextmanager
    def _open(self, address: S3Address) -> Iterator[Any]:
        refuse_offline(address, self._access.settings)
        with s3_translated(address):
            yield self._client

    @functools.cached_property
    def _client(self) -> Any:
        return s3_client()


def reading_environment(address: S3Address) -> Mapping[str, str]:
    """Region and server as variables: readers other than botocore look for them in fewer places (the streamer 0.17.0
    knows a server only by AWS_ENDPOINT_URL, not by a profile) and follow no bucket to its region. Raises as `describe`.
    """
    with s3_translated(address):
        client = s3_client()
        region = client.call_s3("head_bucket", Bucket=address.bucket).get("BucketRegion")
        meta = client.s3.meta
    found = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), region or meta.region_name)
    server = str(meta.endpoint_url)
    if not (urlsplit(server).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        # Other servers are asked by path, as botocore does; the streamer does so for addresses in digits only.
        found |= {"AWS_ENDPOINT_URL": server, "RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING": "0"}
    return {name: value for name, value in found.items() if value}


def _listing(client: Any, address: S3Address, revision: str | None) -> Listing:
    """Raises ModelNotFound where there is nothing, or no longer what `revision` stands for."""
    objects = list_objects(client, address)
    if not objects:
        raise ModelNotFound(f"nothing exists at `{address}`", hints=[f"aws s3 ls {address}/"])
    commit = _fingerprint(objects)
    if revision not in {None, commit}:
        raise ModelNotFound(
            f"`{address}` no longer holds `{revision}`",
            cause=[f"its objects have changed and are now `{commit}`"],
            hints=["drop --revision to use what is there now"],
            details={"address": str(address), "revision": revision, "found": commit},
        )
    files = (RemoteFile(path=name, size_bytes=item.size_bytes) for name, item in sorted(objects.items()))
    return Listing(commit=commit, files=tuple(files))


def _fingerprint(objects: Mapping[str, S3Object]) -> str:
    rows = (f"{name}\0{objects[name].size_bytes}\0{objects[name].tag}\n" for name in sorted(needed_files(objects)))
    return f"etags:{hashed(''.join(rows), 'sha256')[:_DIGITS]}"


def _reader(client: Any, address: S3Address) -> ReadRange:
    def read(path: str, start: int, end: int) -> bytes:
        content: bytes = client.cat_file(f"{address.bucket}/{address.key(path)}", start=start, end=end)
        return content

    return read
