"""Describe weights in a folder of the user's."""

from __future__ import annotations

from pathlib import Path

from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import describe_folder, folder_listing
from modelscan.hubs.protocol import Access
from modelscan.model import Source, WeightsDescription
from modelscan.storage.shipped import shipped
from modelscan.weights.reading.selection import needed_files

_SHIPPED = "shipped:"


def local_folder(repo_id: str) -> Path:
    """The folder of local weights; `shipped:NAME` is one that comes with the program."""
    if repo_id.startswith(_SHIPPED):
        return shipped(repo_id.removeprefix(_SHIPPED))
    return Path(repo_id).expanduser()


class FolderDescriber:
    """`Describes` over folders. A commit is empty: folders have none."""

    source: Source = "local_path"

    def __init__(self, _: Access) -> None:
        pass

    def describe(
        self,
        repo_id: str,
        revision: str | None,  # noqa: ARG002  the Protocol's
        *,
        form: str | None = None,
    ) -> WeightsDescription:
        return describe_folder(local_folder(repo_id), form)

    def describe_here(self, repo_id: str, revision: str | None) -> WeightsDescription | None:
        return self.describe(repo_id, revision)

    def listing(self, repo_id: str, revision: str | None) -> Listing:  # noqa: ARG002
        return folder_listing(local_folder(repo_id))

    def files(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        found = self.listing(repo_id, commit).files
        wanted = set(needed_files([file.path for file in found], form=form))
        return tuple(file for file in found if file.path in wanted)
