"""The gateway itself: its table, its keys, its connections, and the one loop that everything happens in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from modelscan.deployments.files import files_of, note_request
from modelscan.errors import ModelscanError
from modelscan.gateway.access import Gatekeeper
from modelscan.gateway.accounts import Accounts
from modelscan.gateway.commands import Commands
from modelscan.gateway.exchange.exchange import Exchange
from modelscan.gateway.exchange.local import LocalAnswer
from modelscan.gateway.exchange.passed import Passage
from modelscan.gateway.exchange.surroundings import Timed
from modelscan.gateway.exchange.watch import UpstreamWatch, judged, lacks_key
from modelscan.gateway.http.connection import ClientConnection, ClientLimits, RequestHandler
from modelscan.gateway.http.request import Request
from modelscan.gateway.journal import EndedRequest, Journal
from modelscan.gateway.metrics import Metrics
from modelscan.gateway.naming import Directory
from modelscan.gateway.scheduling.scheduler import Bounds, Scheduler
from modelscan.gateway.scheduling.ticket import StartFailure
from modelscan.gateway.upstream.address import address_of
from modelscan.gateway.upstream.connection import UpstreamConnection
from modelscan.gateway.upstream.pool import CannotConnect, Lane, UpstreamPool
from modelscan.routing.compiled import GatewayTable, TableMember
from modelscan.routing.gateway_files import GatewayFiles, read_table
from modelscan.services.process import running_service
from modelscan.services.service import API
from modelscan.settings.gateway import GatewaySettings
from modelscan.storage.keys import ClientKey, read_keys
from modelscan.storage.secrets import kept_secret
from modelscan.system.clock import Clock

_COMMENT_SECONDS = 5.0
_REFRESH_SECONDS = 5.0  # the least time between two looks at what really runs
_LAST_FLUSHES = 100  # in two seconds, where the log is behind
_CLIENT_LEFT = 499


class Gateway:
    """Everything that exchanges happen in (`Surroundings`), and what a scheduler has done (`Effects`)."""

    def __init__(
        self,
        settings: GatewaySettings,
        files: GatewayFiles,
        *,
        environ: Mapping[str, str],
        clock: Clock,
        commands: Commands,
        journal: Journal,
        needs_key: bool = False,
    ) -> None:
        self._files = files
        self._clock = clock
        self.now = clock.monotonic
        self._commands = commands
        self._journal = journal
        self._keys_file = commands.paths.keys_file
        self._paths = commands.paths
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._exchanges: set[Timed] = set()
        self.opened = self._exchanges.add
        self._progress: dict[str, str] = {}  # of starts, as it was at the last look
        self._asked: dict[str, float] = {}  # when requests of deployments ended (`now`), until that is written
        self._commented_at = self._refreshed_at = 0.0
        self._seen_files: tuple[object, ...] = ()
        self._table = GatewayTable()
        self._watch = UpstreamWatch(self, self._judge, seconds=settings.check_seconds)
        self._pool = UpstreamPool(clock, connect_seconds=settings.connect_seconds)
        self.environ = environ
        self.connections: set[ClientConnection] = set()
        self.limits = ClientLimits(body=settings.max_body_bytes)
        self.answer_seconds = settings.answer_seconds
        self.access = Gatekeeper((), required=needs_key)
        self.metrics = Metrics()
        self._accounts = Accounts(self.metrics, journal)
        self.directory = Directory(GatewayTable())
        self.scheduler = Scheduler(self, Bounds(queue=settings.queue, wait_seconds=settings.wait_seconds))
        self.draining = False

    # What it serves.

    def client(self) -> ClientConnection:
        """For a connection that has come in."""
        return ClientConnection(self._handler, limits=self.limits, clock=self._clock, connections=self.connections)

    def _handler(self, client: ClientConnection, request: Request) -> RequestHandler:
        if self.draining:
            request.keep_alive = False
        route = request.head.route
        if route is None:
            return LocalAnswer(self, client, request, route)
        match route.kind:
            case "model" | "form":
                return Exchange(self, client, request, route)
            case "passed":
                return Passage(self, client, request)
            case _:
                return LocalAnswer(self, client, request, route)

    def reload(self) -> None:
        """Read table and keys anew; what cannot be read leaves what was read before, and is told in the log."""
        try:
            table, keys = read_table(self._files), read_keys(self._keys_file)
        except ModelscanError as error:
            self._journal.say(f"kept the table and keys of before: {error.message}")
            return
        self.access = self.access.replaced(keys)
        if table != self._table:
            self._table = table
            self._lanes.clear()
            self._watch.replace(table.members)
            self._judge()
            if any(lacks_key(item, self.environ) for item in table.members):
                self.spawn(self.look_for_keys())

    def _judge(self) -> None:
        """Let what is known of upstreams count, and tell what of that is new."""
        before, table = self.directory.members, judged(self._table, self.environ, self._watch)
        for item in table.members:
            known = before.get(item.name)
            if item.kind == "upstream" and known is not None and known.last_error != item.last_error:
                self._journal.say(f"{item.name}: {item.last_error or 'it answers again'}")
        self.directory = Directory(table)
        self.scheduler.replace(table.members, self.now())

    async def look_for_keys(self) -> None:
        """Ask the keyring for keys that are not in the environment: aside, since it may take its time."""
        wanted = {item.api_key_env or "" for item in self._table.members if lacks_key(item, self.environ)}
        if not wanted:
            return  # without a thread beside it, a process pays less for each system call and each allocation
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, self._kept, wanted)
        except ModelscanError as error:
            self._journal.say(f"keys of upstreams were not read: {error.message}")
            return
        if found:
            self.environ = {**self.environ, **found}
            self._judge()

    def _kept(self, wanted: set[str]) -> dict[str, str]:
        return {name: key for name in wanted if (key := kept_secret(self._commands.paths, name))}

    def reload_if_changed(self) -> None:
        seen = tuple(_identity(path) for path in (self._files.table, self._keys_file))
        if seen != self._seen_files:
            self._seen_files = seen
            self.reload()

    def tick(self) -> None:
        """To be called every quarter of a second."""
        now = self.now()
        self.reload_if_changed()
        self.scheduler.tick(now)
        self._watch.tick(now)
        self._pool.sweep()
        self._note_requests()
        self._accounts.settle()
        for connection in [item for item in self.connections if item.deadline < now]:
            connection.expired()
        for exchange in tuple(self._exchanges):
            if exchange.heard:
                exchange.heard, exchange.deadline = False, now + self.answer_seconds
            elif exchange.deadline < now:
                exchange.expired()
        if now - self._commented_at >= _COMMENT_SECONDS:
            self._commented_at = now
            self._progress.clear()
            for exchange in tuple(self._exchanges):
                exchange.comment()

    def _note_requests(self) -> None:
        """Where `list` finds them. Once in a while, and not with each request."""
        began = self._clock.now().timestamp() - self.now()
        for name, at in self._asked.items():
            member = self.directory.members.get(name)
            if member is not None and member.kind == "deployment":
                note_request(files_of(self._commands.paths, member.id), began + at)
        self._asked.clear()

    @property
    def in_flight(self) -> int:
        return len(self._exchanges)

    # What exchanges use.

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._journal.say(f"a bug in modelscan: {type(error).__name__}: {error}")

    def _lane(self, member: TableMember) -> Lane:
        """Raises CannotConnect for one that has no address of HTTP."""
        found = self._lanes.get(member.name)
        if found is None:
            try:
                address = address_of(member.base_url or "http://localhost", socket=member.socket, environ=self.environ)
            except ValueError as error:
                raise CannotConnect(str(error)) from None
            found = self._lanes[member.name] = self._pool.lane(address)
        return found

    def connection_to(self, member: TableMember) -> UpstreamConnection | None:
        found = self._lanes.get(member.name)
        return None if found is None else found.take()

    async def connect(self, member: TableMember) -> UpstreamConnection:
        return await self._lane(member).connect()

    async def connect_api(self) -> UpstreamConnection:
        running = running_service(self._paths, API)
        if running is None:
            raise CannotConnect
        lane = self._pool.lane(address_of(running.base_url, environ={}))
        return lane.take() or await lane.connect()

    def unreachable(self, member: TableMember, cause: str) -> None:
        self._journal.say(f"cannot reach {member.name}: {cause}")
        self.scheduler.unreachable(member.name, self.now())
        self.doubtful(member.name)

    def doubtful(self, name: str) -> None:
        """Let a command look at what really runs: it writes the table anew. An upstream is asked."""
        member = self.directory.members.get(name)
        now = self.now()
        if member is not None and member.kind == "upstream":
            self._watch.doubt(member)
        if member is not None and member.kind == "deployment" and now - self._refreshed_at >= _REFRESH_SECONDS:
            self._refreshed_at = now
            self.spawn(self._look())

    async def _look(self) -> None:
        await self._commands.look()
        self.reload_if_changed()

    def progress_of(self, name: str) -> str:
        if name not in self._progress:
            self._progress[name] = self._commands.progress(self.directory.members.get(name, _NOBODY).id)
        return self._progress[name]

    def over(self, exchange: Timed, ended: EndedRequest) -> None:
        self._exchanges.discard(exchange)
        self.metrics.ended += 1
        if ended.status >= 400 and ended.status != _CLIENT_LEFT:  # noqa: PLR2004  HTTP's failures
            self.metrics.failed += 1
        if ended.deployment:
            self._asked[ended.deployment] = ended.request.started + ended.seconds
        self._accounts.put(ended)

    def answered_locally(self, request: Request, status: int, key: ClientKey | None, sent: int) -> None:
        if request.head.path != b"/health":
            seconds = self.now() - request.started
            name = key.name if key else ""
            self._journal.request(EndedRequest(request, status, "", "", name, 0, sent, seconds, None, b"", ""))

    def metrics_text(self) -> bytes:
        self._accounts.settle()
        now = self.now()
        up = {item.name: self.scheduler.is_usable(item, now) for item in self.directory.table.members}
        return self.metrics.text(queued=self.scheduler.queued, load=self.scheduler.load, up=up).encode()

    # What a scheduler has done.

    def start(self, name: str) -> None:
        self.spawn(self._start(name))

    async def _start(self, name: str) -> None:
        began = self.now()
        self._journal.say(f"starting {name} for a request")
        failure = await self._commands.start(name, "started for a request")
        self.reload()
        if failure is None:
            self.metrics.cold_start(name, self.now() - began)
            if self.directory.members.get(name, _NOBODY).status != "ready":
                failure = StartFailure("it did not become ready")
        self._journal.say(f"{name} did not start: {failure.cause}" if failure else f"{name} is ready")
        self.scheduler.started(name, failure, self.now())

    def stop(self, name: str, why: str) -> None:
        self.spawn(self._stop(name, why))

    async def _stop(self, name: str, why: str) -> None:
        self._journal.say(f"stopping {name}: {why}")
        self.metrics.count("evictions", name)
        await self._commands.stop(name, why)
        self.reload()
        self.scheduler.stopped(name, self.now())

    # Its end.

    async def drain(self, seconds: float) -> None:
        """Let what has begun end, for at most that long; nothing new is taken."""
        self.draining = True
        for connection in tuple(self.connections):
            connection.close_when_idle()
        deadline = self.now() + seconds
        while self.connections and self.now() < deadline:
            await asyncio.sleep(0.02)
            self.scheduler.tick(self.now())
            self._accounts.settle()
        self._note_requests()
        for connection in tuple(self.connections):
            connection.abort()
        self._pool.close()
        self._accounts.settle()
        for _ in range(_LAST_FLUSHES):
            if self._journal.flush():
                break
            await asyncio.sleep(0.02)


_NOBODY = TableMember(name="", id="", model="", status="stopped")


def _identity(path: Any) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
