"""The gateway's files: its lock, the table it reads, its keys, what it says of itself, its log."""

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
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.files import private_folder, translated, write_atomic
from modelscan.storage.locks import hold
from modelscan.storage.logs.log_file import LogFile, stamp_of
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock

LOG_NAME = "gateway.log"
_WHATEVER_ITS_SIZE = 1 << 40  # who keeps the log rotates it, and nobody else


@dataclass(frozen=True, slots=True)
class GatewayFiles:
    """`lock` is held for as long as a gateway is supervised; `status` is written by the process that serves."""

    folder: Path

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def command_lock(self) -> Path:
        return self.folder / "command.lock"

    @property
    def table(self) -> Path:
        return self.folder / "table.json"

    @property
    def upstreams(self) -> Path:
        """The upstreams of registered models, for programs of ours that do not read these."""
        return self.folder / "upstreams.json"

    @property
    def status(self) -> Path:
        return self.folder / "status.json"

    @property
    def started_by_up(self) -> Path:
        """The pid of the supervisor that `up` started, as text: `down` without a file ends that one and no other."""
        return self.folder / "started_by_up"

    @property
    def supervisor_log(self) -> Path:
        """Output of its supervisor itself: empty, or why it failed."""
        return self.folder / "supervisor.log"


def gateway_files(paths: Paths) -> GatewayFiles:
    return GatewayFiles(paths.state / "gateway")


def tell_in_log(paths: Paths, lines: Sequence[str], clock: Clock) -> None:
    """Add lines to the gateway's log, for whoever looks there. Raises StorageFailed where there is no folder for it."""
    if not lines:
        return
    folder = gateway_files(paths).folder
    private_folder(folder)
    log = LogFile(folder, name=LOG_NAME, max_bytes=_WHATEVER_ITS_SIZE)
    log.write(stamp_of(clock), [line.encode() for line in lines])
    log.close()


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


def read_status(files: GatewayFiles) -> dict[str, Any]:
    """What the serving process last said of itself; empty where it said nothing readable."""
    try:
        found = json.loads(files.status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _damaged(path: Path, cause: str) -> StateDamaged:
    return StateDamaged(
        f"`{path}` is damaged",
        cause=[cause],
        hints=[f"it is written anew by: rm '{path}'; modelscan routes show"],
        details={"path": str(path)},
    )
