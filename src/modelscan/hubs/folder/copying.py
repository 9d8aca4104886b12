"""Copy cached files into a folder of the user's. A file gets its name only once it is complete and verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from modelscan.errors import SourceUnavailable
from modelscan.hubs.files import OnProgress, RemoteFile
from modelscan.hubs.transfer.meter import Meter
from modelscan.hubs.transfer.verify import hasher_for
from modelscan.storage.files import translated
from modelscan.system.clock import Clock

_BLOCK = 4 * 1024**2


def copy_files(
    source: Path, target: Path, files: Sequence[RemoteFile], *, on_progress: OnProgress, clock: Clock
) -> int:
    """The number of bytes copied. An existing file is read and compared, and replaced when it
    right. Raises SourceUnavailable when the source is not what its hub lists, StorageFailed.
    """
    meter = Meter(sum(file.size_bytes for file in files), 0, on_progress, clock)
    copied = 0
    for file in files:
        if _is_right(target / file.path, file, meter):
            continue
        _copy(source / file.path, target / file.path, file, meter)
        copied += file.size_bytes
    meter.finish()
    return copied


def _is_right(path: Path, file: RemoteFile, meter: Meter) -> bool:
    if not path.is_file() or path.stat().st_size != file.size_bytes:
        return False
    running = hasher_for(file)
    with translated(path, verb="read"), path.open("rb") as content:
        while block := content.read(_BLOCK):
            running.update(block)
            meter.add(len(block))
    if file.digest is None or running.hexdigest() == file.digest:
        return True
    meter.add(-file.size_bytes)
    return False


def _copy(source: Path, target: Path, file: RemoteFile, meter: Meter) -> None:
    running = hasher_for(file)
    partial = target.with_name(f"{target.name}.incomplete")
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as content, partial.open("wb") as out:
            while block := content.read(_BLOCK):
                out.write(block)
                running.update(block)
                meter.add(len(block))
            out.flush()
            os.fsync(out.fileno())
        if file.digest is not None and running.hexdigest() != file.digest:
            partial.unlink()
            raise SourceUnavailable(
                f"`{source}` is damaged",
                cause=["its checksum differs from the hub's"],
                hints=["fetch it again: modelscan pull ID, without --to"],
                details={"path": str(source), "expected": file.digest},
            )
        partial.replace(target)
