"""Download objects from S3 into a folder: resumable, and each file is verified before it gets its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelscan.errors import ModelNotFound, SourceUnavailable
from modelscan.hubs.files import OnProgress
from modelscan.hubs.s3.client import PART_BYTES, list_objects, s3_client, s3_translated
from modelscan.hubs.s3.upload import Upload
from modelscan.hubs.transfer.disk import require_disk_space
from modelscan.hubs.transfer.meter import Meter
from modelscan.storage.files import translated
from modelscan.system.clock import Clock
from modelscan.weights.address import S3Address


def download(address: S3Address, folder: Path, *, on_progress: OnProgress, clock: Clock) -> tuple[int, int]:
    """Bring all objects below an address into a folder; the bytes that are there, and those that had to be fetched.

    Goes on where an earlier try stopped; each file is checked against its object's checksum before it gets its name.
    Raises as `upload` does, ModelNotFound when there is nothing, StorageFailed.
    """
    with s3_translated(address):
        client = s3_client()
        sizes = {name: item.size_bytes for name, item in list_objects(client, address).items()}
        if not sizes:
            raise ModelNotFound(f"nothing exists at `{address}`", hints=[f"aws s3 ls {address}/"])
        total = sum(sizes.values())
        there = {path.relative_to(folder).as_posix(): path.stat().st_size for path in _files(folder)}
        require_disk_space(str(address), sum(size for name, size in sizes.items() if there.get(name) != size), folder)
        meter = Meter(total, 0, on_progress, clock)
        fetched = sum(_fetch(client, address, folder, name, size, meter) for name, size in sorted(sizes.items()))
    meter.finish()
    return total, fetched


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _fetch(client: Any, address: S3Address, folder: Path, name: str, size: int, meter: Meter) -> int:
    """One object, unless the file is there and right."""
    target = folder / name
    partial = target.with_name(f"{target.name}.incomplete")
    head = client.call_s3("head_object", Bucket=address.bucket, Key=address.key(name), PartNumber=1)
    part_bytes = int(head["ContentLength"]) if int(head.get("PartsCount") or 1) > 1 else max(size, 1)

    def is_right(path: Path) -> bool:
        return path.is_file() and Upload(client, address, path, name, meter, part_bytes).is_there()

    if is_right(target):
        meter.add(size)
        return 0
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        fetched = _append(client, address, partial, name, size, meter)
        if is_right(partial):
            with translated(target):
                partial.replace(target)
            return fetched
        meter.add(-size)
        partial.unlink()
    raise SourceUnavailable(
        f"`{name}` arrived damaged from `{address}`",
        cause=["its content does not match the checksum that S3 keeps"],
        hints=["try again later"],
        details={"address": str(address), "file": name},
    )


def _append(client: Any, address: S3Address, partial: Path, name: str, size: int, meter: Meter) -> int:
    """Fetch what an earlier try did not."""
    with translated(partial):
        out = partial.open("ab")
    with out:
        have = out.tell()
        if have > size:
            out.truncate(0)
            have = 0
        meter.add(have)
        for start in range(have, size, PART_BYTES):
            end = min(start + PART_BYTES, size)
            content = client.cat_file(f"{address.bucket}/{address.key(name)}", start=start, end=end)
            with translated(partial):
                out.write(content)
            meter.add(len(content))
    return size - have
