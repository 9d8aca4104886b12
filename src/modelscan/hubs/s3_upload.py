"""Bringing files to S3: in parts, going on where a broken upload stopped, each object checked at the end."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelscan.errors import SourceUnavailable
from modelscan.hubs.files import OnProgress
from modelscan.hubs.meter import Meter
from modelscan.hubs.s3 import MOST_PARTS, PART_BYTES, S3Address, s3_client, s3_translated
from modelscan.system.clock import Clock

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
class _Part:
    number: int
    start: int
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

    def run(self) -> int:
        """The bytes that had to be sent."""
        parts = self._all_parts()
        if self._is_there(parts):
            self._meter.add(self._size)
            return 0
        sent = self._put(parts[0]) if len(parts) == 1 else self._send(parts)
        if not self._is_there(parts):
            raise SourceUnavailable(
                f"`{self._shown}` is not what was sent",
                cause=["its size or its checksum differs"],
                hints=["run the command again: it is sent anew"],
                details={"address": self._shown},
            )
        return sent

    def is_there(self) -> bool:
        """Whether the object is this file."""
        return self._is_there(self._all_parts())

    def _all_parts(self) -> list[_Part]:
        return [self._read(start) for start in range(0, max(self._size, 1), self._part_bytes)]

    def _call(self, method: str, **more: Any) -> Any:
        return self._client.call_s3(method, **self._target, **more)

    def _read(self, start: int) -> _Part:
        content = self._content(start)
        return _Part(
            number=start // self._part_bytes + 1,
            start=start,
            size=len(content),
            sha256=b64encode(hashlib.sha256(content).digest()).decode(),
            md5=hashlib.md5(content, usedforsecurity=False).digest(),
        )

    def _content(self, start: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(self._part_bytes)

    def _is_there(self, parts: Sequence[_Part]) -> bool:
        """Whether the object is these parts: by the checksum of their checksums, as S3 makes it."""
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

    def _put(self, part: _Part) -> int:
        self._call("put_object", Body=self._content(0), ChecksumSHA256=part.sha256)
        self._meter.add(part.size)
        return part.size

    def _send(self, parts: Sequence[_Part]) -> int:
        upload_id, there = self._unfinished(parts)
        missing = [part for part in parts if part.number not in there]
        self._meter.add(sum(part.size for part in parts) - sum(part.size for part in missing))

        def send(part: _Part) -> dict[str, Any]:
            answer = self._call(
                "upload_part",
                UploadId=upload_id,
                PartNumber=part.number,
                Body=self._content(part.start),
                ChecksumSHA256=part.sha256,
            )
            self._meter.add(part.size)
            return _listed(answer, part.number)

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="s3") as pool:
            try:
                for part, done in zip(missing, pool.map(send, missing), strict=True):
                    there[part.number] = done
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)  # what is sent stays, and is found the next time
                raise
        listed = [there[part.number] for part in parts]
        self._call("complete_multipart_upload", UploadId=upload_id, MultipartUpload={"Parts": listed})
        return sum(part.size for part in missing)

    def _unfinished(self, parts: Sequence[_Part]) -> tuple[str, dict[int, dict[str, Any]]]:
        """An upload to go on with, and its parts that are right; one with other content is given up."""
        key = self._target["Key"]
        found = self._client.call_s3("list_multipart_uploads", Bucket=self._target["Bucket"], Prefix=key)
        expected = {part.number: part for part in parts}
        for started in found.get("Uploads") or ():
            if started["Key"] != key:
                continue
            upload_id = started["UploadId"]
            listed = self._parts(upload_id)
            if all(one["PartNumber"] in expected and expected[one["PartNumber"]].is_what(one) for one in listed):
                return upload_id, {one["PartNumber"]: _listed(one, one["PartNumber"]) for one in listed}
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
