"""Delete objects that were uploaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.hubs.s3.client import list_objects, s3_client, s3_translated
from modelscan.weights.address import S3Address

_AT_ONCE = 1_000  # of a request (S3's DeleteObjects)


def delete_objects(address: S3Address, sizes: Mapping[str, int], variables: Mapping[str, str]) -> int:
    """Delete those of these names below an address that are of their size, with the access that `variables` give and
    no other; how many there were. Raises Unauthorized, SourceUnavailable, Usage (the extra is not installed).
    """
    with s3_translated(address):
        client = s3_client(variables)
        there = list_objects(client, address)
        ours = [address.key(name) for name, size in sizes.items() if name in there and there[name].size_bytes == size]
        for start in range(0, len(ours), _AT_ONCE):
            _delete(client, address.bucket, ours[start : start + _AT_ONCE])
        _end_uploads(client, address, [address.key(name) for name in sizes])
    return len(ours)


def _delete(client: Any, bucket: str, keys: Sequence[str]) -> None:
    client.call_s3("delete_objects", Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})


def _end_uploads(client: Any, address: S3Address, keys: Sequence[str]) -> None:
    """Parts of uploads that were never completed cost as much as objects, and are listed nowhere among them."""
    found = client.call_s3("list_multipart_uploads", Bucket=address.bucket, Prefix=address.key(""))
    for item in found.get("Uploads") or ():
        if item["Key"] in keys:
            client.call_s3("abort_multipart_upload", Bucket=address.bucket, Key=item["Key"], UploadId=item["UploadId"])
