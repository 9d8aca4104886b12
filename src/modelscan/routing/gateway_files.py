"""The gateway's files: those of a service, and the table that it reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import StateDamaged, StateTooNew
from modelscan.model import Deployment
from modelscan.routing.compiled import TABLE_FORMAT, GatewayTable, TableMember, compile_table
from modelscan.routing.names import PublicNames
from modelscan.routing.names_file import NAMES_FILE, read_names
from modelscan.services.files import ServiceFiles, service_files
from modelscan.services.service import GATEWAY
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.locks import hold
from modelscan.storage.paths import Paths

_WHATEVER_ITS_SIZE = 1 << 40  # who keeps the log rotates it, and nobody else


@dataclass(frozen=True, slots=True)
class GatewayFiles(ServiceFiles):
    """The files of the service, and what is written for it."""

    @property
    def table(self) -> Path:
        return self.folder / "table.json"

    @property
    def upstreams(self) -> Path:
        """The upstreams of registered models, for programs of ours that do not read these."""
        return self.folder / "upstreams.json"

    @property
    def started_by_up(self) -> Path:
        """The pid of the supervisor that `up` started, as text: `down` without a file ends that one and no other."""
        return self.folder / "started_by_up"


def gateway_files(paths: Paths) -> GatewayFiles:
    return GatewayFiles(service_files(paths, GATEWAY).folder)


def publish_table(paths: Paths, routing_file: Path, deployments: Callable[[], Iterable[Deployment]]) -> bool:
    """Bring the table up to date: what is known is read under its lock, so that the later writer knows the later state.

    Returns whether anything changed. Raises ConfigInvalid (names.toml), StorageFailed.
    """
    files = gateway_files(paths)
    with hold(files.folder / ".table.lock", note="table"):
        table = compile_table(deployments(), public_names(routing_file), upstreams=read_upstreams(files))
        return write_table(files, table)


def public_names(routing_file: Path) -> PublicNames:
    """The user's names, which are beside the routing file. Raises ConfigInvalid."""
    return read_names(routing_file.with_name(NAMES_FILE))


def publish_upstreams(paths: Paths, upstreams: Callable[[], Sequence[TableMember]]) -> bool:
    """Keep what registered models say of upstreams for the next `publish_table`, which may be a supervisor's."""
    files = gateway_files(paths)
    with hold(files.folder / ".table.lock", note="upstreams"):
        return _replaced(files.upstreams, {"format": TABLE_FORMAT, "upstreams": to_document(upstreams())})


def read_upstreams(files: GatewayFiles) -> tuple[TableMember, ...]:
    """None where nothing readable is kept: the next command that publishes writes it anew."""
    try:
        document = json.loads(files.upstreams.read_text(encoding="utf-8"))
        if document["format"] != TABLE_FORMAT:
            return ()
        return tuple(checked_document(TableMember, item) for item in document["upstreams"])
    except (OSError, ValueError, TypeError, KeyError):
        return ()


def write_table(files: GatewayFiles, table: GatewayTable) -> bool:
    """Replace the table in one step; False where it says the same already."""
    return _replaced(files.table, to_document(table))


def _replaced(path: Path, document: Any) -> bool:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except OSError:
        pass
    write_atomic(path, text)
    return True


def read_table(files: GatewayFiles) -> GatewayTable:
    """An empty one where there is none. Raises StateTooNew, StateDamaged, StorageFailed."""
    with translated(files.table, verb="read"):
        try:
            text = files.table.read_text(encoding="utf-8")
        except FileNotFoundError:
            return GatewayTable()
    try:
        document: Any = json.loads(text)
        found = document["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(files.table, str(error)) from error
    if found != TABLE_FORMAT:
        raise StateTooNew(
            f"`{files.table}` was written by another modelscan",
            cause=[f"its format is {found}, this program reads {TABLE_FORMAT}"],
            hints=["modelscan gateway restart"],
        )
    try:
        return checked_document(GatewayTable, document)
    except (TypeError, KeyError) as error:
        raise _damaged(files.table, str(error)) from error


def _damaged(path: Path, cause: str) -> StateDamaged:
    return StateDamaged(
        f"`{path}` is damaged",
        cause=[cause],
        hints=[f"it is written anew by: rm '{path}'; modelscan routes show"],
        details={"path": str(path)},
    )
