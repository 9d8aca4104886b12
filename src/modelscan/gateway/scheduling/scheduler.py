"""One loop of events: asked, served, started, stopped, time passed. Pure: it reads no clock and touches no process.

Everything runs in the gateway's one thread, so nothing here is locked. What it decides to do it hands to `Effects`,
which return at once; what became of that comes back as an event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from modelscan.dataclasses import dataclass
from modelscan.gateway.http.answers import Refusal
from modelscan.gateway.scheduling.balancer import Balancer, LeastOutstanding
from modelscan.gateway.scheduling.eviction import Shortage, evicted
from modelscan.gateway.scheduling.ticket import Effects, StartFailure, Ticket
from modelscan.routing.compiled import TableMember
from modelscan.units import format_duration

_DOWN_SECONDS = 2.0  # one that refused a connection is left alone for that long
_SPARED_SECONDS = 5.0  # one that turned a request away is asked only where no other can serve
_FAILED_SECONDS = 10.0  # one that did not start is not tried again for that long: its cause is the answer
_PATIENCE_SECONDS = 5.0  # then those that shall make room get no new requests


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """`queue` is how many requests may wait for one name, `wait_seconds` for how long each."""

    queue: int
    wait_seconds: float


@dataclass(slots=True)
class _Room:
    """What a start lacks, since when, and who is being stopped for it."""

    shortage: Shortage
    since: float
    stopping: set[str]


class Scheduler:
    """Owns the queue, the counts of requests in flight, and what is starting and stopping."""

    def __init__(self, effects: Effects, bounds: Bounds, balancer: Balancer | None = None) -> None:
        self._effects = effects
        self._bounds = bounds
        self._balancer = balancer or LeastOutstanding()
        self._members: dict[str, TableMember] = {}
        self._queue: dict[Ticket, None] = {}  # in the order of coming
        self._draining = self._again = False
        self._waiting: Counter[str] = Counter()
        self._served: dict[str, Counter[str]] = {}  # of names that several serve
        self._last_used: dict[str, float] = {}
        self._down: dict[str, float] = {}
        self._spared: dict[str, float] = {}
        self._failed: dict[str, tuple[float, Refusal]] = {}
        self._starting: set[str] = set()
        self._stopping: set[str] = set()
        self._yielding: set[str] = set()
        self._rooms: dict[str, _Room] = {}
        self.load: Counter[str] = Counter()

    @property
    def queued(self) -> Mapping[str, int]:
        """How many requests wait, by name."""
        return self._waiting

    def replace(self, members: Iterable[TableMember], now: float) -> None:
        """The table has changed: who is new, or back, has nothing to catch up with."""
        before, self._members = self._members, {item.name: item for item in members}
        self._served.clear()
        for name, member in self._members.items():
            if member != before.get(name):
                self._down.pop(name, None)
                self._spared.pop(name, None)
                if member.status == "ready":
                    self._failed.pop(name, None)
            if member.socket and member.on_demand and member.status == "stopped" and self.load[name]:
                self._want(name)  # it fell asleep as a request came, and keeps it
        self._drain(now)

    def ask(self, ticket: Ticket, now: float) -> None:
        """Every ticket is granted or refused in the end, unless it is `forgotten` before."""
        if self._settled(ticket, now):
            return
        if self._waiting[ticket.name] >= self._bounds.queue:
            many = f"{self._bounds.queue} requests for `{ticket.name}` are waiting already"
            ticket.refused(Refusal(429, many, "queue_full", retry_after=5))
            return
        self._queue[ticket] = None
        self._waiting[ticket.name] += 1

    def forgotten(self, ticket: Ticket) -> None:
        """Its client has left while it waited."""
        self._leave(ticket)

    def done(self, name: str, now: float) -> None:
        """A granted request is over, however it went."""
        self._last_used[name] = now
        left = self.load.get(name, 0) - 1  # a counter's own ways take three times as long
        if left > 0:
            self.load[name] = left
        else:
            self.load.pop(name, None)
            if self._rooms:
                self._look_for_room(now)
        if self._queue:
            self._drain(now)

    def unreachable(self, name: str, now: float) -> None:
        """A connection to it was refused, whatever the table says."""
        self._down[name] = now + _DOWN_SECONDS

    def turned_away(self, name: str, now: float) -> None:
        """It answered that it cannot serve now, which takes no time: else the fewest in flight would be its own."""
        self._spared[name] = now + _SPARED_SECONDS

    def has_another(self, ticket: Ticket, name: str, now: float) -> bool:
        """Whether a member other than this one, which has it, may still serve a ticket, if need be after a start."""
        others = [self._members.get(item) for item in ticket.members if item != name and item not in ticket.tried]
        return any(item is not None and (item.on_demand or self.is_usable(item, now)) for item in others)

    def started(self, name: str, failure: StartFailure | None, now: float) -> None:
        """A start is over; the table has been read anew before."""
        self._starting.discard(name)
        self._last_used[name] = now
        self._down.pop(name, None)
        if failure is None:
            for kept in (self._failed, self._rooms):
                kept.pop(name, None)
        elif failure.shortage is not None:
            since = self._rooms[name].since if name in self._rooms else now
            self._rooms[name] = _Room(failure.shortage, since, set())
            self._make_room(name, now, cause=failure.cause)
        else:
            self._fail(name, failure.cause, now)
        self._drain(now)
        self._look_for_room(now)  # if nobody asked, this one is idle; if it failed, it does not take what it was to

    def stopped(self, name: str, now: float) -> None:
        """A stop is over, and its memory is back."""
        self._stopping.discard(name)
        for waiting, room in tuple(self._rooms.items()):
            if name in room.stopping:
                room.stopping.discard(name)
                if not room.stopping:
                    self._begin(waiting)
        self._drain(now)

    def tick(self, now: float) -> None:
        """To be called every second or so."""
        self._spared = {name: until for name, until in self._spared.items() if until > now}
        for ticket in [item for item in self._queue if now - item.since > self._bounds.wait_seconds]:
            self._leave(ticket)
            late = f"`{ticket.name}` could not serve this request within {self._bounds.wait_seconds:g} s"
            ticket.refused(Refusal(503, late, "not_ready", retry_after=30))
        self._look_for_room(now)
        before, self._yielding = self._yielding, set()
        for waiting, room in self._rooms.items():
            if not room.stopping and now - room.since > _PATIENCE_SECONDS:
                holders = [item for item in self._members.values() if self._may_yield(item, waiting)]
                self._yielding |= {item.name for item in evicted(room.shortage, holders, self._last_used)}
        if before - self._yielding:
            self._drain(now)
        for member in tuple(self._members.values()):
            if self._is_idle_too_long(member, now):
                self._stop(member.name, f"idle for {format_duration(member.idle_timeout_seconds or 0)}")

    def is_usable(self, member: TableMember, now: float) -> bool:
        """Whether it can be given a request, as far as is known."""
        name = member.name
        if member.status != "ready" or name in self._stopping or name in self._yielding:
            return False
        return name not in self._down or self._down[name] <= now

    def _settled(self, ticket: Ticket, now: float) -> bool:
        """Grant or refuse it, if that can be said now."""
        load, members, free, busy = self.load, [], [], False
        for name in ticket.members:
            member = self._members.get(name)
            if member is None or name in ticket.tried:
                continue
            members.append(member)
            if self.is_usable(member, now):
                if member.max_parallelism and load.get(name, 0) >= member.max_parallelism:
                    busy = True
                else:
                    free.append(member)
        if free:
            chosen = free[0] if len(free) == 1 else self._chosen(ticket, free, now)
            name = chosen.name
            load[name] = load.get(name, 0) + 1
            if self._queue:
                self._leave(ticket)  # first: what it is told may lead it here again
            ticket.granted(chosen)
            return True
        return not busy and self._told(ticket, members, now)

    def _chosen(self, ticket: Ticket, free: list[TableMember], now: float) -> TableMember:
        if self._spared:
            free = [item for item in free if self._spared.get(item.name, 0.0) <= now] or free
        served = self._served.setdefault(ticket.name, Counter())
        chosen = self._balancer.choose(free, self.load, served)
        served[chosen.name] += 1
        return chosen

    def _told(self, ticket: Ticket, members: list[TableMember], now: float) -> bool:
        """Start what serves it, or refuse it."""
        refusal = None
        for member in members:
            if not member.on_demand:
                continue
            until, refusal = self._failed.get(member.name, (0.0, None))
            if until <= now:
                self._want(member.name)
                ticket.starting(member)
                return False
        self._leave(ticket)
        ticket.refused(refusal or _not_running(ticket.name, members))
        return True

    def _want(self, name: str) -> None:
        """See that it starts: now, or once what is in the way is over."""
        if name in self._starting | self._stopping | self._yielding or name in self._rooms:
            return
        self._begin(name)

    def _begin(self, name: str) -> None:
        self._starting.add(name)
        if name in self._down:
            self._down[name] = float("inf")  # until the start is over, or the table says something new of it
        self._effects.start(name)

    def _look_for_room(self, now: float) -> None:
        for waiting in tuple(self._rooms):
            self._make_room(waiting, now)

    def _make_room(self, name: str, now: float, *, cause: str | None = None) -> None:
        """Stop idle deployments for it; wait where only those would help that are busy, starting or being stopped.

        `cause` is why it did not start just now: the answer where nothing helps. Later the table may have changed, and
        only another try tells.
        """
        room = self._rooms[name]
        if room.stopping or name in self._starting:
            return
        if not any(name in ticket.members for ticket in self._queue):
            del self._rooms[name]  # nobody waits for it any more
            return
        holders = [item for item in self._members.values() if self._may_yield(item, name)]
        leaving = [item for item in holders if item.name in self._stopping]
        idle = [item for item in holders if not self.load[item.name] and item.name not in self._starting]
        victims = evicted(room.shortage, leaving, self._last_used) or evicted(room.shortage, idle, self._last_used)
        if victims:
            room.stopping |= {item.name for item in victims}
            for item in victims:
                if item not in leaving:
                    self._stop(item.name, f"stopped to make room for `{name}`")
        elif evicted(room.shortage, holders, self._last_used):
            return
        elif cause is not None:
            self._fail(name, cause, now)
        else:
            self._begin(name)

    def _may_yield(self, member: TableMember, to: str) -> bool:
        """Only what comes back by itself, at its next request, makes room."""
        holds = member.status == "ready" or member.name in self._starting
        return member.on_demand and holds and member.name != to

    def _stop(self, name: str, why: str) -> None:
        self._stopping.add(name)
        self._effects.stop(name, why)

    def _fail(self, name: str, cause: str, now: float) -> None:
        self._rooms.pop(name, None)
        refusal = Refusal(503, f"`{name}` did not start: {cause}", "start_failed", retry_after=int(_FAILED_SECONDS))
        self._failed[name] = (now + _FAILED_SECONDS, refusal)

    def _is_idle_too_long(self, member: TableMember, now: float) -> bool:
        limit, used = member.idle_timeout_seconds, self._last_used.get(member.name)
        if not member.on_demand or limit is None or used is None or self.load[member.name]:
            return False
        return self.is_usable(member, now) and now - used >= limit

    def _drain(self, now: float) -> None:
        """Settle what can be settled by now, in the order of coming; what that leads to at once is seen as well."""
        self._again = True
        if self._draining:
            return
        self._draining = True
        try:
            while self._again:
                self._again = False
                for ticket in tuple(self._queue):
                    if ticket in self._queue:
                        self._settled(ticket, now)
        finally:
            self._draining = False

    def _leave(self, ticket: Ticket) -> None:
        if self._queue and ticket in self._queue:
            del self._queue[ticket]
            self._waiting[ticket.name] -= 1
            if not self._waiting[ticket.name]:
                del self._waiting[ticket.name]


def _not_running(name: str, members: list[TableMember]) -> Refusal:
    """Nothing of that name runs, and nothing of it may be started by a request."""
    if not members:
        return Refusal(502, f"`{name}` cannot be reached", "upstream_unreachable")
    member = members[0]
    if member.status == "ready":
        return Refusal(502, f"`{name}` refuses connections", "upstream_unreachable", retry_after=2)
    if member.kind == "upstream":
        return Refusal(503, f"`{member.name}` cannot be used: {member.last_error}", "upstream_unusable", retry_after=5)
    cause = f": {member.last_error}" if member.status == "failed" and member.last_error else ""
    message = f"`{member.name}` is {member.status}{cause}"
    return Refusal(503, message, "not_ready", retry_after=5)
