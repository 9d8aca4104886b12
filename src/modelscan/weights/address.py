"""Addresses of weights in S3. Pure."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.errors import Usage, shown_address


@dataclass(frozen=True, slots=True)
class S3Address:
    """`prefix` has no leading or trailing slash."""

    bucket: str
    prefix: str

    def key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    @property
    def name(self) -> str:
        """The name that a folder with these files would have."""
        return self.prefix.rpartition("/")[2] or self.bucket

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def is_s3(target: str) -> bool:
    return target.lower().startswith("s3://")


def parse_s3(target: str) -> S3Address:
    """`s3://bucket/prefix`. Raises Usage."""
    bucket, _, prefix = target.partition("://")[2].partition("/")
    if not bucket.partition(":")[0] or "@" in bucket or any(mark in target for mark in "?#"):
        shown = shown_address(target) if "@" in bucket else target
        raise Usage(f"`{shown}` is not an S3 address", hints=["write it like s3://bucket/prefix"])
    return S3Address(bucket, prefix.strip("/"))
