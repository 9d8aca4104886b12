"""Describe weights in a folder of the user's."""

from __future__ import annotations

from pathlib import Path

from modelscan.errors import ModelNotFound
from modelscan.hubs.adapters.describe import describe_adapter
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import describe_folder, folder_listing, folder_reader, is_gguf_file
from modelscan.hubs.protocol import Access
from modelscan.model import Adapter, Source, WeightsDescription
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

    def adapter(self, name: str, repo_id: str, revision: str | None) -> Adapter:  # noqa: ARG002  the Protocol's
        place = local_folder(repo_id)
        if not place.is_dir() and not is_gguf_file(place):
            raise ModelNotFound(
                f"the folder `{place}` of the adapter `{name}` does not exist", hints=[f"ls {place.parent}"]
            )
        folder = place if place.is_dir() else place.parent
        return describe_adapter(name, self.source, repo_id, folder_listing(place), folder_reader(folder))

    def listing(self, repo_id: str, revision: str | None) -> Listing:  # noqa: ARG002
        return folder_listing(local_folder(repo_id))

    def files(self, repo_id: str, commit: str, *, form: str | None = None) -> tuple[RemoteFile, ...]:
        found = self.listing(repo_id, commit).files
        wanted = set(needed_files([file.path for file in found], form=form))
        return tuple(file for file in found if file.path in wanted)
