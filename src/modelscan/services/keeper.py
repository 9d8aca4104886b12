"""The small process that keeps a service: it holds the lock, the port and the log, and starts what serves again.

The listening sockets are its own. What serves inherits them, so that nobody is refused while it is started again, and
a reload has both, the old and the new, answer for a moment.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from modelscan.dataclasses import dataclass
from modelscan.errors import Conflict, ModelscanError
from modelscan.services.files import ServiceFiles, log_name, read_status, service_files
from modelscan.services.service import SERVICES, Place, Service, place_of
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.storage.files import private_folder
from modelscan.storage.locks import hold
from modelscan.storage.logs.log_file import LogFile, stamp_of
from modelscan.storage.logs.pump import Pump
from modelscan.storage.ownership import lock_note
from modelscan.system.clock import Clock, SystemClock
from modelscan.system.processes.spawn import Child, spawn_child

_PYTHON = (sys.executable, "-E", "-s", "-m")
_BACKLOG = 2_048
_LOCK_SECONDS = 5.0
_READY_SECONDS = 30.0
_AFTER_DRAIN_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 30.0
_FIRST_TRIES = 2
_STEADY_SECONDS = 60.0  # after that long a death is the first one again
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class KeeperOptions:
    """What the command that starts it passes on; None leaves what the settings say."""

    service: Service
    config: Path | None = None
    host: str | None = None
    port: int | None = None


def main(arguments: Sequence[str]) -> int:
    """Keep the service of the first word until it is stopped. With `--echo`, in the foreground, its log is written to
    stdout too.
    """
    service = SERVICES[arguments[0]]
    words = [word for word in arguments[1:] if word != "--echo"]
    values = dict(zip(words[::2], words[1::2], strict=True))
    options = KeeperOptions(
        service=service,
        config=Path(values["--config"]) if "--config" in values else None,
        host=values.get("--host"),
        port=int(values["--port"]) if "--port" in values else None,
    )
    environ = process_environment()
    files = service_files(load_settings(environ, config_file=options.config).paths, service)
    private_folder(files.folder)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(hold(files.lock, note=lock_note(), timeout=_LOCK_SECONDS))
        except Conflict:
            return 0  # another one was first
        return Keeper(options, files, environ, SystemClock(), _echo if "--echo" in arguments else _keep_quiet).run()


def _echo(line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _keep_quiet(_: str) -> None: ...


def settings_for(options: KeeperOptions, environ: Mapping[str, str]) -> Place:
    """The service's settings with what the command line says instead. Raises ConfigInvalid."""
    name = options.service.name
    flags = {f"{name}.host": options.host, f"{name}.port": options.port}
    return place_of(load_settings(environ, config_file=options.config, flags=flags), options.service)


class _Output(NamedTuple):
    """Of one that serves. The pipe is kept until it ends, which may be after its process: else its descriptor would be
    closed and given to the next one while the selector still knows it.
    """

    pipe: IO[bytes]
    pump: Pump


class Keeper:
    """`run` it once."""

    def __init__(
        self,
        options: KeeperOptions,
        files: ServiceFiles,
        environ: Mapping[str, str],
        clock: Clock,
        on_line: Callable[[str], None],
    ) -> None:
        self._options = options
        self._files = files
        self._environ = environ
        self._clock = clock
        self._on_line = on_line
        self._settings = settings_for(options, environ)
        self._listeners: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._log = LogFile(files.folder, name=log_name(options.service))
        self._outputs: dict[int, _Output] = {}
        self._serving: Child | None = None
        self._leaving: list[tuple[Child, float]] = []
        self._asked: set[int] = set()
        self._deaths = 0
        self._answered = False
        self._started_at = 0.0

    def run(self) -> int:
        self._listen_to_signals()
        self._listeners = listen(self._settings.host, self._settings.port)
        self._say(f"listening on {self._settings.host}:{self._settings.port}")
        self._serving = self._spawn()
        try:
            while signal.SIGTERM not in self._asked:
                self._wait(0.5)
                self._look_after_children()
                if signal.SIGHUP in self._asked:
                    self._asked.discard(signal.SIGHUP)
                    self._reload()
        finally:
            self._end()
        return 0

    def _listen_to_signals(self) -> None:
        reading, writing = socket.socketpair()
        for end in (reading, writing):
            end.setblocking(False)
        signal.set_wakeup_fd(writing.fileno())
        self._wakeup = (reading, writing)
        self._selector.register(reading, selectors.EVENT_READ)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._asked.add(signal.SIGTERM))
        signal.signal(signal.SIGHUP, lambda *_: self._asked.add(signal.SIGHUP))
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _spawn(self) -> Child:
        descriptors = [listener.fileno() for listener in self._listeners]
        argv = [
            *_PYTHON,
            self._options.service.module,
            "--listen",
            ",".join(map(str, descriptors)),
            "--host",
            self._settings.host,
        ]
        argv += ["--port", str(self._settings.port), "--parent", str(os.getpid())]
        if self._options.config is not None:
            argv += ["--config", str(self._options.config)]
        child = spawn_child(argv, env=self._environ, folder=_import_root(), pass_fds=descriptors)
        assert child.stdout is not None  # noqa: S101  `spawn_child` asks for a pipe
        descriptor = child.stdout.fileno()
        os.set_blocking(descriptor, False)
        pump = Pump(descriptor, self._log, clock=self._clock, on_line=self._on_line)
        self._outputs[descriptor] = _Output(child.stdout, pump)
        pump.listening = self._on_line is not _keep_quiet  # a line per request: nothing is done for nobody
        self._selector.register(descriptor, selectors.EVENT_READ)
        self._started_at = self._clock.monotonic()
        return child

    def _wait(self, seconds: float) -> None:
        """Until something happens; what was written goes to the log."""
        for key, _ in self._selector.select(seconds):
            if key.fd == self._wakeup[0].fileno():
                with contextlib.suppress(BlockingIOError):
                    self._wakeup[0].recv(_CHUNK_BYTES)
                continue
            try:
                data = os.read(key.fd, _CHUNK_BYTES)
            except BlockingIOError:
                continue
            if data:
                self._outputs[key.fd].pump.feed(data)
            else:
                self._selector.unregister(key.fd)
                output = self._outputs.pop(key.fd)
                output.pump.finish()
                output.pipe.close()

    def _look_after_children(self) -> None:
        for child, deadline in tuple(self._leaving):
            if child.poll() is not None:
                self._leaving.remove((child, deadline))
            elif self._clock.monotonic() > deadline:
                child.kill()
        if self._serving is None or self._serving.poll() is None:
            return
        lived = self._clock.monotonic() - self._started_at
        self._deaths = 1 if lived > _STEADY_SECONDS else self._deaths + 1
        self._answered = self._answered or read_status(self._files).get("pid") == self._serving.pid
        if not self._answered and self._deaths == _FIRST_TRIES:  # whoever starts it waits, and is told why
            self._say(f"what serves ended ({_how(self._serving.returncode)}) before it answered: given up")
            self._serving = None
            self._asked.add(signal.SIGTERM)
            return
        pause = 0.0 if self._deaths == 1 else min(_LONGEST_PAUSE_SECONDS, 2.0 ** (self._deaths - 2))
        self._say(f"what serves ended ({_how(self._serving.returncode)}); starting it again in {pause:g} s")
        self._serving = None
        deadline = self._clock.monotonic() + pause
        while (left := deadline - self._clock.monotonic()) > 0 and signal.SIGTERM not in self._asked:
            self._wait(left)
        if signal.SIGTERM not in self._asked:
            self._serving = self._spawn()

    def _reload(self) -> None:
        """New listeners and a new process before the old ones go; the old one ends what it has begun."""
        try:
            wanted = settings_for(self._options, self._environ)
            moved = (wanted.host, wanted.port) != (self._settings.host, self._settings.port)
            listeners = listen(wanted.host, wanted.port) if moved else self._listeners
        except ModelscanError as error:
            self._say(f"not reloaded: {error.message}")
            return
        except OSError as error:
            self._say(f"not reloaded: {error.strerror}")
            return
        before, old = self._serving, self._listeners
        self._settings, self._listeners = wanted, listeners
        new = self._spawn()
        if not self._is_ready(new):
            self._say("not reloaded: the new process did not start")
            new.kill()
            self._settings, self._listeners, self._serving = self._settings, old, before
            return
        self._serving = new
        if moved:
            for listener in old:
                listener.close()
        if before is not None:
            before.terminate()
            deadline = self._clock.monotonic() + self._settings.drain_seconds + _AFTER_DRAIN_SECONDS
            self._leaving.append((before, deadline))
        self._say(f"reloaded, listening on {wanted.host}:{wanted.port}")

    def _is_ready(self, child: Child) -> bool:
        deadline = self._clock.monotonic() + _READY_SECONDS
        while self._clock.monotonic() < deadline and child.poll() is None:
            if read_status(self._files).get("pid") == child.pid:
                return True
            self._wait(0.02)
        return False

    def _end(self) -> None:
        """Let what has begun end, then go."""
        for listener in self._listeners:
            listener.close()
        children = [child for child, _ in self._leaving] + ([self._serving] if self._serving else [])
        for child in children:
            child.terminate()
        deadline = self._clock.monotonic() + self._settings.drain_seconds + _AFTER_DRAIN_SECONDS
        while any(child.poll() is None for child in children):
            if self._clock.monotonic() > deadline:
                for child in children:
                    child.kill()
            self._wait(0.05)
        deadline = self._clock.monotonic() + _AFTER_DRAIN_SECONDS
        while self._outputs and self._clock.monotonic() < deadline:  # unless somebody else holds its end of the pipe
            self._wait(0.05)
        self._say("stopped")
        self._log.close()

    def _say(self, text: str) -> None:
        stamp = stamp_of(self._clock)
        self._log.write(stamp, [text.encode()])
        self._on_line(text)


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for each address of the host. Raises OSError."""
    made: list[socket.socket] = []
    try:
        for family, kind, protocol, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            one = socket.socket(family, kind, protocol)
            made.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(where)
            one.listen(_BACKLOG)
            one.setblocking(False)
    except OSError:
        for one in made:
            one.close()
        raise
    return made


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _import_root() -> Path:
    """The folder from which `python -m modelscan…` finds this very program, installed or in a checkout."""
    return Path(__file__).resolve().parents[2]
