"""Output while a command works: a line per decision, a spinner on a terminal, events for programs."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer, printer_for
from modelscan.cli.output.transfer_bar import TransferBar
from modelscan.model import Deployment
from modelscan.model.events import Event
from modelscan.running.progress import last_log_line
from modelscan.system.clock import Clock, rfc3339
from modelscan.targets.registry import HOSTS
from modelscan.units import format_measured

if TYPE_CHECKING:
    from modelscan.running.deploy import Deployed

_EACH_SECONDS = 30.0  # between two lines of one step in a pipe
_DECISIONS = frozenset({"hardware", "choice", "backend", "source", "starting"})


def _drawing() -> Any:
    from modelscan.cli.output import step_line  # a pipe needs no rich

    return step_line


class _Status:
    """A status line at the bottom of a terminal; nothing in a pipe."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._status: Any = None

    def show(self, text: str) -> None:
        if not self._output.live:
            return
        if self._status is None:
            self._status = _drawing().spinner(self._output.stderr, text)
        else:
            self._status.update(text)

    def clear(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


class _Steps:
    """The steps of a start: finished ones as lines and the current one below them, on a terminal; in a pipe a line for
    each, and one now and then while it lasts.
    """

    def __init__(self, output: Output, clock: Clock) -> None:
        self._output, self._clock = output, clock
        self._step: object = None
        self._printed_at = 0.0
        self._line: Any = None
        self._drawn: Any = None

    def show(self, event: Event) -> None:
        step = event.fields["phase"] or event.fields["status"]
        if self._output.live:
            if self._line is not None and step != self._step:
                self._finish()
            self._draw(event)
        elif step != self._step or self._clock.monotonic() - self._printed_at >= _EACH_SECONDS:
            self._printed_at = self._clock.monotonic()
            self._output.say(event.message)
        self._step = step

    def clear(self) -> None:
        if self._line is not None:
            self._finish()

    def _draw(self, event: Event) -> None:
        if self._line is not None:
            self._line.event = event
            return
        self._line = _drawing().StepLine(event, self._clock, last_log_line)
        self._drawn = _drawing().spinner(self._output.stderr, self._line)

    def _finish(self) -> None:
        """Leave what the step took as a line."""
        self._drawn.stop()
        printer_for(self._output.stderr).line(f"{self._step}  {self._line.elapsed()}", "dim")
        self._line = self._drawn = None


class FetchView:
    """The step that a refresh is at: one line on a terminal, nothing in a pipe."""

    def __init__(self, output: Output, clock: Clock) -> None:
        self._output = output
        self._clock = clock
        self._status = _Status(output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._status.clear()

    def say(self, source: str, what: str) -> None:
        self._output.event("refresh", rfc3339(self._clock.now()), message=f"{source}: {what}", source=source)
        self._status.show(f"{source}: {what}")


class InstallView:
    """The installer's output: every line in a pipe, the latest line on a terminal."""

    def __init__(self, output: Output, clock: Clock) -> None:
        self._output = output
        self._clock = clock
        self._status = _Status(output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._status.clear()

    def line(self, text: str) -> None:
        self._output.event("install", rfc3339(self._clock.now()), message=text)
        if self._output.progress is not None:
            return
        if self._output.live:
            self._status.show(text)
        else:
            self._output.say(text)


class DeployView:
    """Decisions on stdout, progress on stderr.

    With `decisions_are_talk` decisions go to stderr too: for commands that print something else on stdout.
    """

    def __init__(self, output: Output, clock: Clock, *, decisions_are_talk: bool = False) -> None:
        self._output = output
        self._clock = clock
        self._decisions_are_talk = decisions_are_talk
        self._status = _Status(output)
        self._steps = _Steps(output, clock)
        self._bar = TransferBar(output, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._status.clear()
        self._steps.clear()
        self._bar.clear()

    def report(self, event: Event) -> None:
        output = self._output
        output.event(event.kind, rfc3339(self._clock.now()), message=event.message, **event.fields)
        if output.progress is not None:
            return
        if event.kind != "pull":
            self._bar.clear()
        if event.kind == "phase" and "log_path" in event.fields:
            self._status.clear()
            self._steps.show(event)
            return
        self._steps.clear()
        if event.kind in {"warning", "note"}:
            self._status.clear()
            output.remarks(*(([event.message], []) if event.kind == "warning" else ([], [event.message])))
        elif event.kind in _DECISIONS:
            self._status.clear()
            if self._decisions_are_talk:
                output.say(event.message)
            elif not output.json and not output.quiet:
                printer_for(output.stdout).item(event.message, depth=0)
                output.stdout.flush()
        elif event.kind == "pull":
            self._status.clear()
            self._bar.show(event)
        elif output.live:
            self._status.show(event.message)
        else:
            output.say(event.message)

    def show_result(self, printer: Printer, deployed: Deployed) -> None:
        """The address, an example request, and the receipt."""
        item = deployed.deployment
        if item.status == "stopped" and item.on_demand:
            first = f"Prepared {item.name}: its first request at the gateway starts it"
            printer.item(f"{first}, or modelscan start {item.name}", depth=0)
            return
        if item.status != "ready":
            printer.item(f"Started {item.name}; it is {item.status}. Wait for it: modelscan wait {item.name}", depth=0)
            return
        state = "Already deployed" if item.changed is False else "Deployed"
        printer.line(f"{state} at {item.base_url}", "bold green")
        printer.line()
        for line in curl_lines(item):
            printer.line(f"  {line}")
        printer.line()
        printer.pairs(_receipt(deployed))


def curl_lines(item: Deployment) -> list[str]:
    """A request for the deployment's task that works when pasted."""
    name = item.served_model_names[0]
    paths = {
        "embed": ("/embeddings", f'{{"model": "{name}", "input": "Hello"}}'),
        "completion": ("/completions", f'{{"model": "{name}", "prompt": "Hello", "max_tokens": 50}}'),
        "rerank": ("/rerank", f'{{"model": "{name}", "query": "Hello", "documents": ["Hi", "Bye"]}}'),
        "text-to-image": ("/images/generations", f'{{"model": "{name}", "prompt": "A red kite"}}'),
    }
    chat = f'{{"model": "{name}", "messages": [{{"role": "user", "content": "Hello"}}]}}'
    key = [f'  -H "Authorization: Bearer ${item.api_key_env}" \\'] if item.api_key_env else []
    if item.task == "speech-to-text":
        call = f"curl {item.openai_base_url}/audio/transcriptions \\"
        return [call, *key, f"  -F model={name} -F file=@speech.wav"]
    path, body = paths.get(item.task, ("/chat/completions", chat))
    return [f"curl {item.openai_base_url}{path} \\", *key, "  -H 'Content-Type: application/json' \\", f"  -d '{body}'"]


def _receipt(deployed: Deployed) -> list[tuple[str, str]]:
    item = deployed.deployment
    memory = item.memory
    rows = [("Memory", format_measured(memory.estimated_bytes, memory.measured_bytes))]
    if item.measured.ttft_ms is not None:
        rows.append(("First token", f"{item.measured.ttft_ms:.0f} ms"))
    if item.measured.decode_tokens_per_second is not None:
        rows.append(("Speed", f"{item.measured.decode_tokens_per_second:.1f} tokens/s in the readiness probe"))
    price = deployed.hosted_price
    if price is not None and price.output is not None:
        rows.append(("Hosted price", f"${price.input} in, ${price.output} out, per million tokens"))
    if item.api_key_env is None and item.target not in HOSTS:
        rows.append(("Open to", "every user of this machine; --api-key-env VAR requires a key"))
    return rows
