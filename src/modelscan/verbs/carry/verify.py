"""`weights verify`: check weights on this machine against the hub's checksums."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError
from modelscan.hubs.folder.describe import describe_folder, folder_listing
from modelscan.model import Source
from modelscan.model.events import Event, Report
from modelscan.model.results import WeightsHere
from modelscan.selecting.context import Context
from modelscan.selecting.weights_here import find_folders, find_weights, not_here


@dataclass(frozen=True, kw_only=True, slots=True)
class FileVerdict:
    """One verified commit, or folder without one: the number of files, and what is wrong with each bad one, by name.

    `checksums`: compared with the hub's. A folder has none, and is read for what its files say of themselves.
    """

    source: Source
    repo_id: str
    revision: str | None
    files: int
    size_bytes: int
    wrong: Mapping[str, str]
    checksums: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """`id` is what the user named."""

    id: str
    checked: tuple[FileVerdict, ...]


def verify_weights(context: Context, reference: str, report: Report) -> Verification:
    """Read every file that a backend needs and compare it with the hub's checksums.

    Of a folder, whose files nobody has checksums of: that every shard is there, and as long as its header says.

    Raises ModelNotFound, SourceUnavailable (the hub's file list is neither cached nor reachable), and ModelscanError
    that names the bad files.
    """
    checked = []
    for here, stored in find_weights(context, reference):
        for commit in here.commits:
            report(Event("phase", f"verifying {here.repo_id} at {commit}"))
            files = context.fetcher(stored.source).verify(here.repo_id, commit, again=True)
            checked.append(
                FileVerdict(
                    source=here.source,
                    repo_id=here.repo_id,
                    revision=commit,
                    files=len(files),
                    size_bytes=sum(item.file.size_bytes for item in files),
                    wrong={item.file.path: item.verdict for item in files if item.verdict != "ok"},
                )
            )
    checked += [_folder(item, report) for item in find_folders(context, reference)] if not checked else []
    if not checked:
        raise not_here(reference)
    wrong = [item for item in checked if item.wrong]
    if wrong:
        raise _wrong(wrong)
    return Verification(id=reference, checked=tuple(checked))


def _folder(here: WeightsHere, report: Report) -> FileVerdict:
    """Raises ModelscanError that names the file that is damaged or missing."""
    report(Event("phase", f"verifying {here.path}"))
    path = Path(here.path)
    describe_folder(path)
    files = folder_listing(path).files
    size = sum(file.size_bytes for file in files)
    return FileVerdict(
        source=here.source,
        repo_id=here.repo_id,
        revision=None,
        files=len(files),
        size_bytes=size,
        wrong={},
        checksums=False,
    )


def _wrong(found: list[FileVerdict]) -> ModelscanError:
    first = found[0]
    return ModelscanError(
        f"the weights of `{first.repo_id}` do not match the hub's checksums",
        cause=[f"{name}: {verdict}" for item in found for name, verdict in item.wrong.items()],
        hints=[f"modelscan pull {item.repo_id} --source {item.source} --revision {item.revision}" for item in found],
        details={"checked": found},
    )
