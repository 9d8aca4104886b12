"""Events as text, one per line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelscan.cli.output.output import Output, to_json
from modelscan.cli.output.printer import Printer, printer_for
from modelscan.verbs.manage.events import PastEvent


def show_events(printer: Printer, events: Sequence[PastEvent]) -> None:
    width = max((len(event.name) for event in events), default=0)
    for event in events:
        printer.line(_line(event, width))


def stream_events(output: Output, events: Iterable[PastEvent]) -> None:
    """Print events as they arrive; with `--json` one object per line, since a growing array never ends."""
    printer = printer_for(output.stdout)
    for event in events:
        if output.json:
            output.stdout.write(to_json(event) + "\n")
        else:
            printer.line(_line(event, 0))
        output.stdout.flush()


def _line(event: PastEvent, width: int) -> str:
    line = f"{event.at}  {event.name:<{width}}  {event.kind}"
    return f"{line}: {event.message}" if event.message else line
