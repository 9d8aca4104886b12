"""The values that the parts of a download exchange: the files of a repo, and the progress of a transfer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelscan.dataclasses import dataclass, field
from modelscan.errors import ModelscanError
from modelscan.parsing.regex import regex
from modelscan.units import format_bytes

MOST_FILES = 50_000
_LONGEST_PATH = 4_096
# ext4's limit of a name is in bytes, and downloads add a suffix.
_LONGEST_NAME = 240
_HEX = regex(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """One file of a repo as its hub lists it. Raises ModelscanError for one that would lie outside the repo's folder.

    `sha256` is known for large files on Hugging Face and for all on ModelScope; `blob_id` is git's SHA-1 of a small
    one. `xet_hash` is its address in Xet storage.
    """

    path: str
    size_bytes: int
    sha256: str | None = None
    blob_id: str | None = None
    xet_hash: str | None = None

    def __post_init__(self) -> None:
        parts = self.path.split("/")
        hashes = [digest for digest in (self.sha256, self.blob_id) if digest is not None]
        if not {"", ".", ".."}.isdisjoint(parts) or "\\" in self.path or "\0" in self.path:
            raise ModelscanError(f"a hub lists `{self.path!r}`, which is not a valid file name in a repo")
        if (
            len(self.path) > _LONGEST_PATH
            or max(map(len, self.path.encode(errors="replace").split(b"/"))) > _LONGEST_NAME
        ):
            raise ModelscanError(f"a hub lists `{self.path[:80]}…`, whose name is too long for a file")
        if self.size_bytes < 0 or not all(_HEX.fullmatch(digest) for digest in hashes):
            raise ModelscanError(f"a hub lists `{self.path}` with an invalid size or checksum")

    @property
    def digest(self) -> str | None:
        """What its content is checked against."""
        return self.sha256 or self.blob_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What a hub lists of a repo at one commit. `revision` is the name that the commit was found under,
    `repo_id` the repo as its hub spells it, which forgives other letter case and older names.
    `parameters_by_dtype` is the hub's own count where it has one.
    """

    commit: str
    revision: str | None = None
    repo_id: str | None = None
    files: tuple[RemoteFile, ...]
    license: str | None = None
    gated: bool | None = None
    parameters_by_dtype: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transferred:
    """Progress of a transfer. The rate covers the last seconds; the rate and the time left may be unknown.
    `waits_for` names the process that downloads the same file while this one waits for it.
    """

    done_bytes: int
    total_bytes: int
    bytes_per_second: float | None = None
    seconds_left: float | None = None
    waits_for: str | None = None

    @property
    def fraction(self) -> float:
        return min(self.done_bytes / self.total_bytes, 1.0) if self.total_bytes else 1.0

    def __str__(self) -> str:
        text = f"{format_bytes(self.done_bytes)} of {format_bytes(self.total_bytes)}"
        if self.bytes_per_second:
            text += f", {format_bytes(int(self.bytes_per_second))}/s"
        if self.seconds_left is not None:
            minutes, seconds = divmod(round(self.seconds_left), 60)
            text += f", {minutes} min {seconds:02d} s left" if minutes else f", {seconds} s left"
        return f"{text}, waiting for: {self.waits_for}" if self.waits_for else text


OnProgress = Callable[[Transferred], None]
