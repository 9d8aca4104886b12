"""The answers of ModelScope's API; only the fields in use (shapes as in modelscope_hub 0.5.1, _legacy_api.py)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from modelscan.hubs.payload import Count, Flag, Lenient, Payload, Text

_MOST_ENTRIES = 50_000
_FOLDER = "tree"


class RepoFacts(Payload):
    """What is said of a repo."""

    license: Text = Field(default=None, alias="License")
    gated: Flag = Field(default=None, alias="Gated")


class RepoAnswer(Payload):
    about: RepoFacts | None = Field(alias="Data")


class ListedFile(Payload):
    """A file or folder of a repo. A size that is left out is 0; one that is no number makes the answer none."""

    path: Annotated[str, Field(min_length=1, max_length=4096, validation_alias=AliasChoices("Path", "Name"))]
    kind: Text = Field(default=None, alias="Type")
    size_bytes: Annotated[int, Field(alias="Size", ge=0, strict=True)] = 0
    sha256: Text = Field(default=None, alias="Sha256")
    committed_at: Count = Field(default=None, alias="CommittedDate")
    revision: Text = Field(default=None, validation_alias=AliasChoices("Revision", "CommitId"))

    @property
    def is_folder(self) -> bool:
        return self.kind == _FOLDER


Files = Annotated[list[ListedFile], Field(max_length=_MOST_ENTRIES)]


class FileList(Payload):
    files: Files | None = Field(default=None, alias="Files")


class FilesAnswer(Payload):
    """The list, which older releases of the API give without a name."""

    data: FileList | Files | None = Field(alias="Data")

    @property
    def files(self) -> list[ListedFile]:
        """All files; folders are left out."""
        listed = self.data.files if isinstance(self.data, FileList) else self.data
        return [file for file in listed or () if not file.is_folder]


class RefusalAnswer(Payload):
    """What stands in an answer that is no success."""

    message: Annotated[Text, Lenient] = Field(default=None, alias="Message")
