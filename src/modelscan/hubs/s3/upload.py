"""Upload files to S3: in parts, resumable, and each object is verified at the end."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import SourceUnavailable
from modelscan.hubs.files import OnProgress
from modelscan.hubs.s3.client import MOST_PARTS, PART_BYTES, s3_client, s3_translated
from modelscan.hubs.transfer.meter import Meter
from modelscan.system.clock import Clock
from modelscan.system.threads import each
from modelscan.weights.address import S3Address

_AT_ONCE = 4


def upload(
    folder: Path,
    names: Sequence[str],
    address: S3Address,
    *,
    on_progress: OnProgress,
    clock: Clock,
    part_bytes: int = PART_BYTES,
) -> int:
    """Bring files of a folder below an address; the bytes that had to be sent.

    What is there already and right is left alone. `config.json` comes last: without it nobody takes what is there for
    a model. Raises Unauthorized, SourceUnavailable, Usage (the extra is not installed).
    """
    ordered = sorted(names, key=lambda name: (name == "config.json", name))
    total = sum((folder / name).stat().st_size for name in ordered)
    meter = Meter(total, 0, on_progress, clock)
    with s3_translated(address):
        client = s3_client()
        sent = sum(Upload(client, address, folder / name, name, meter, part_bytes).run() for name in ordered)
    meter.finish()
    return sent


@dataclass(frozen=True, slots=True)
class _UploadPart:
    number: int
    size: int
    sha256: str
    md5: bytes

    def is_what(self, listed: Mapping[str, Any]) -> bool:
        """Whether S3 holds this very part. Its SHA-256 where the server keeps one, else the MD5 that its tag is."""
        if listed.get("Size") != self.size:
            return False
        if listed.get("ChecksumSHA256"):
            return bool(listed["ChecksumSHA256"] == self.sha256)
        return bool(listed.get("ETag", "").strip('"') == self.md5.hex())


class Upload:
    """One file to one object."""

    def __init__(self, client: Any, address: S3Address, path: Path, name: str, meter: Meter, part_bytes: int) -> None:
        self._client, self._path, self._meter = client, path, meter
        self._target = {"Bucket": address.bucket, "Key": address.key(name)}
        self._shown = f"s3://{address.bucket}/{address.key(name)}"
        size = path.stat().st_size
        self._part_bytes = max(part_bytes, -(-size // MOST_PARTS))
        self._size = size
        self._starts = range(0, max(size, 1), self._part_bytes)
        self._known: dict[int, _UploadPart] = {}

    def run(self) -> int:
        """The bytes that had to be sent. A file is read once, unless something of its size is there already."""
        if self._size_there() == self._size and self.is_there():
            self._meter.add(self._size)
            return 0
        sent = self._put() if len(self._starts) == 1 else self._send()
        if not self.is_there():
            raise SourceUnavailable(
                f"`{self._shown}` does not match what was sent",
                cause=["its size or checksum differs"],
                hints=["run the command again to upload it again"],
                details={"address": self._shown},
            )
        return sent

    def is_there(self) -> bool:
        """Whether the object is this file: by the checksum of its parts' checksums, as S3 makes it."""
        parts = [self._part(start) for start in self._starts]
        try:
            head = self._call("head_object", ChecksumMode="ENABLED")
        except FileNotFoundError:
            return False
        if head["ContentLength"] != self._size:
            return False
        if len(parts) == 1:
            return parts[0].is_what({**head, "Size": head["ContentLength"]})
        if head.get("ChecksumSHA256"):
            whole = hashlib.sha256(b"".join(b64decode(part.sha256) for part in parts)).digest()
            return bool(head["ChecksumSHA256"].partition("-")[0] == b64encode(whole).decode())
        whole = hashlib.md5(b"".join(part.md5 for part in parts), usedforsecurity=False).digest()
        return bool(head["ETag"].strip('"') == f"{whole.hex()}-{len(parts)}")

    def _size_there(self) -> int | None:
        try:
            return int(self._call("head_object")["ContentLength"])
        except FileNotFoundError:
            return None

    def _part(self, start: int) -> _UploadPart:
        return self._known.get(start) or self._read(start)[0]

    def _call(self, method: str, **more: Any) -> Any:
        return self._client.call_s3(method, **self._target, **more)

    def _read(self, start: int) -> tuple[_UploadPart, bytes]:
        with self._path.open("rb") as file:
            file.seek(start)
            content = file.read(self._part_bytes)
        self._known[start] = part = _UploadPart(
            number=self._number(start),
            size=len(content),
            sha256=b64encode(hashlib.sha256(content).digest()).decode(),
            md5=hashlib.md5(content, usedforsecurity=False).digest(),
        )
        return part, content

    def _put(self) -> int:
        part, content = self._read(0)
        self._call("put_object", Body=content, ChecksumSHA256=part.sha256)
        self._meter.add(part.size)
        return part.size

    def _send(self) -> int:
        upload_id, there = self._unfinished()
        missing = [start for start in self._starts if self._number(start) not in there]
        lacking = sum(min(self._part_bytes, self._size - start) for start in missing)
        self._meter.add(self._size - lacking)

        def send(start: int) -> dict[str, Any]:
            part, content = self._read(start)
            answer = self._call(
                "upload_part", UploadId=upload_id, PartNumber=part.number, Body=content, ChecksumSHA256=part.sha256
            )
            self._meter.add(part.size)
            return _listed(answer, part.number)

        # What is sent stays, and is found the next time.
        for start, done in zip(missing, each(send, missing, at_once=_AT_ONCE), strict=True):
            there[self._number(start)] = done
        listed = [there[self._number(start)] for start in self._starts]
        self._call("complete_multipart_upload", UploadId=upload_id, MultipartUpload={"Parts": listed})
        return lacking

    def _number(self, start: int) -> int:
        return start // self._part_bytes + 1

    def _unfinished(self) -> tuple[str, dict[int, dict[str, Any]]]:
        """An upload to go on with, and its parts that are right; one with other content is given up."""
        key = self._target["Key"]
        found = self._client.call_s3("list_multipart_uploads", Bucket=self._target["Bucket"], Prefix=key)
        starts = {self._number(start): start for start in self._starts}
        for started in found.get("Uploads") or ():
            if started["Key"] != key:
                continue
            upload_id = started["UploadId"]
            listed = self._parts(upload_id)
            numbers = [one["PartNumber"] for one in listed]
            if all(
                number in starts and self._part(starts[number]).is_what(one)
                for number, one in zip(numbers, listed, strict=True)
            ):
                return upload_id, {number: _listed(one, number) for number, one in zip(numbers, listed, strict=True)}
            self._call("abort_multipart_upload", UploadId=upload_id)
        return str(self._call("create_multipart_upload", ChecksumAlgorithm="SHA256")["UploadId"]), {}

    def _parts(self, upload_id: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        marker = 0
        while True:
            page = self._call("list_parts", UploadId=upload_id, PartNumberMarker=marker)
            listed += page.get("Parts") or ()
            if not page.get("IsTruncated"):
                return listed
            marker = int(page["NextPartNumberMarker"])


def _listed(answer: Mapping[str, Any], number: int) -> dict[str, Any]:
    kept = {name: answer[name] for name in ("ETag", "ChecksumSHA256") if answer.get(name)}
    return {"PartNumber": number, **kept}
