"""Weights in S3: addresses, the client, and its errors as ours.

Credentials, region, endpoint (AWS_ENDPOINT_URL) and certificates are found by botocore where AWS's own tools find
them; none of them is ever read or kept here. The extra `modelscan-cli[s3]`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError, SourceUnavailable, Unauthorized, Usage
from modelscan.parsing.regex import regex
from modelscan.settings.reading import Settings
from modelscan.units import MIB
from modelscan.weights.address import S3Address

# S3 takes parts of 5 MiB to 5 GiB, at most 10 000 of them ("Amazon S3 multipart upload limits").
PART_BYTES = 32 * MIB
MOST_PARTS = 10_000
_MOST_PAGES = 50  # of 1,000 objects each
# How servers say that a request was signed for another region than theirs (S3's error AuthorizationHeaderMalformed).
_OTHER_REGION = regex(r"expecting '([a-z0-9-]+)'")


def refuse_offline(address: S3Address, settings: Settings) -> None:
    """Raise SourceUnavailable if network access is off: objects in S3 are cached nowhere else."""
    if settings.offline:
        raise SourceUnavailable(
            f"`{address}` needs the network, and network access is off",
            hints=["for an S3 server of your own, drop --offline and set HF_HUB_OFFLINE=1 to keep off the hubs"],
            details={"address": str(address)},
        )


def s3_client(variables: Mapping[str, str] | None = None) -> Any:
    """With the access that botocore finds; with `variables`, named as AWS's tools name them, what these say."""
    try:
        import s3fs
    except ImportError as error:
        raise Usage(
            "S3 needs the extra `s3`", hints=["uv tool install 'modelscan-cli[s3]'", "pip install 'modelscan-cli[s3]'"]
        ) from error
    if variables is None:
        return s3fs.S3FileSystem(skip_instance_cache=True)
    return s3fs.S3FileSystem(
        key=variables.get("AWS_ACCESS_KEY_ID", ""),
        secret=variables.get("AWS_SECRET_ACCESS_KEY", ""),
        endpoint_url=variables.get("AWS_ENDPOINT_URL"),
        client_kwargs={"region_name": variables.get("AWS_REGION")},
        config_kwargs={"ignore_configured_endpoint_urls": True},
        skip_instance_cache=True,
        use_listings_cache=False,
    )


@contextlib.contextmanager
def s3_translated(address: S3Address) -> Iterator[None]:
    """Translate errors of s3fs (OSError) and botocore into ours."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    except ImportError:
        yield  # then there is no s3fs either, which is said where it is needed
        return
    try:
        yield
    except (PermissionError, NoCredentialsError) as error:
        raise Unauthorized(
            f"S3 denies access to `{address}`",
            cause=[str(error)],
            hints=["aws sts get-caller-identity", "export AWS_PROFILE=NAME"],
            details={"address": str(address)},
        ) from error
    except (OSError, BotoCoreError, ClientError) as error:
        message = (str(error) or type(error).__name__).splitlines()[0]
        region = _OTHER_REGION.search(message)
        raise SourceUnavailable(
            f"`{address}` cannot be used",
            cause=[message],
            hints=[f"export AWS_DEFAULT_REGION={region[1]}"]
            if region
            else [f"aws s3 ls s3://{address.bucket}", "for a server other than AWS: export AWS_ENDPOINT_URL=https://…"],
            details={"address": str(address)},
        ) from error


@dataclass(frozen=True, slots=True)
class S3Object:
    """`tag` is its ETag, which changes with its content."""

    size_bytes: int
    tag: str


def require_reachable(address: S3Address) -> None:
    """Raise what would stop an upload or a download: missing extra, missing bucket, no permission."""
    with s3_translated(address):
        s3_client().call_s3("list_objects_v2", Bucket=address.bucket, Prefix=address.key(""), MaxKeys=1)


def list_objects(client: Any, address: S3Address) -> dict[str, S3Object]:
    """The objects below an address by their path there. Raises ModelscanError for a path that leads elsewhere."""
    found: dict[str, S3Object] = {}
    start = address.key("")
    more: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = client.call_s3("list_objects_v2", Bucket=address.bucket, Prefix=start, **more)
        for entry in page.get("Contents") or ():
            name = str(entry["Key"]).removeprefix(start)
            if name.startswith("/") or ".." in name.split("/"):
                raise ModelscanError(
                    f"`{address}` has an object `{entry['Key']}`, whose name points outside the folder"
                )
            if not name.endswith("/"):  # what some tools put in place of a folder
                found[name] = S3Object(int(entry["Size"]), str(entry["ETag"]).strip('"'))
        if not page.get("IsTruncated"):
            return found
        more = {"ContinuationToken": page["NextContinuationToken"]}
    raise ModelscanError(
        f"`{address}` has more than {_MOST_PAGES * 1000} objects", hints=["name the folder of one model"]
    )
