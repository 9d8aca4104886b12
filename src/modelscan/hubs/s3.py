"""Weights in S3: addresses, the client, and its failures in our words.

Credentials, region, endpoint (AWS_ENDPOINT_URL) and certificates are found by botocore where AWS's own tools find
them; none of them is ever read or kept here. The extra `modelscan-cli[s3]`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from modelscan.errors import SourceUnavailable, Unauthorized, Usage
from modelscan.units import MIB

# S3 takes parts of 5 MiB to 5 GiB, at most 10 000 of them ("Amazon S3 multipart upload limits").
PART_BYTES = 32 * MIB
MOST_PARTS = 10_000


@dataclass(frozen=True, slots=True)
class S3Address:
    """`prefix` has no slash at its ends."""

    bucket: str
    prefix: str

    def key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def is_s3(target: str) -> bool:
    return target.lower().startswith("s3://")


def parse_s3(target: str) -> S3Address:
    """`s3://bucket/prefix`. Raises Usage."""
    parts = urlsplit(target)
    if not parts.hostname or parts.query or "@" in parts.netloc:
        raise Usage(f"`{target}` is no address in S3", hints=["write it like --to s3://bucket/prefix"])
    return S3Address(parts.netloc, parts.path.strip("/"))


def s3_client() -> Any:
    try:
        import s3fs
    except ImportError as error:
        raise Usage(
            "S3 needs the extra `s3`", hints=["uv tool install 'modelscan-cli[s3]'", "pip install 'modelscan-cli[s3]'"]
        ) from error
    return s3fs.S3FileSystem(skip_instance_cache=True)


@contextlib.contextmanager
def s3_translated(address: S3Address) -> Iterator[None]:
    """Inside, the failures of s3fs (OSError) and botocore become ours."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    except ImportError:
        yield  # then there is no s3fs either, which is said where it is needed
        return
    try:
        yield
    except (PermissionError, NoCredentialsError) as error:
        raise Unauthorized(
            f"S3 refuses access to `{address}`",
            cause=[str(error)],
            hints=["aws sts get-caller-identity", "export AWS_PROFILE=NAME"],
            details={"address": str(address)},
        ) from error
    except (OSError, BotoCoreError, ClientError) as error:
        raise SourceUnavailable(
            f"`{address}` cannot be used",
            cause=[(str(error) or type(error).__name__).splitlines()[0]],
            hints=[f"aws s3 ls s3://{address.bucket}", "another server than AWS's: export AWS_ENDPOINT_URL=https://…"],
            details={"address": str(address)},
        ) from error
