"""The one sink: data to stdout, talk to stderr; as text, JSON or names; plain lines in a pipe."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

from modelscan.cli.output.printer import Printer, printer_for
from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError
from modelscan.storage.documents import to_document

_MOST_CAUSES = 100
_LONGEST_HINT = 8_000  # a command is never cut


@dataclass(slots=True)
class Output:
    """How a command prints. `json`, `quiet` and `verbose` are its own options; `progress` is `jsonl` or None."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress: str | None = None

    @classmethod
    def before_parsing(cls, arguments: Sequence[str]) -> Output:
        """How failures of parsing itself are rendered: `--json` counts anywhere before a bare `--`."""
        options = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
        format_json = "--format=json" in options or ("--format", "json") in itertools.pairwise(options)
        verbose = not {"--verbose", "-v"}.isdisjoint(options)
        return cls(json="--json" in options or format_json, verbose=verbose)

    @property
    def stdout(self) -> TextIO:
        return sys.stdout

    @property
    def stderr(self) -> TextIO:
        return sys.stderr

    @property
    def talks(self) -> bool:
        """Whether to print talk: with `--json` only on a terminal, with `--quiet` never."""
        return not self.quiet and (not self.json or self.stderr.isatty())

    @property
    def live(self) -> bool:
        """Whether a spinner or a bar may be drawn."""
        return self.talks and self.stderr.isatty() and self.progress is None

    def document(self, value: object, text: Callable[[Printer], None], names: Iterable[str] | None = None) -> None:
        """Print a result as JSON, names or text. `names` are what `--quiet` prints, one per line."""
        if self.json:
            self.stdout.write(json.dumps(to_document(value), ensure_ascii=False, indent=2, allow_nan=False) + "\n")
        elif self.quiet and names is not None:
            for name in names:
                self.stdout.write(f"{name}\n")
        else:
            text(printer_for(self.stdout))

    def say(self, text: str) -> None:
        if self.talks:
            printer_for(self.stderr).item(text, depth=0)

    def warn(self, text: str) -> None:
        if self.talks:
            printer_for(self.stderr).labelled("warning", _shown(text), "yellow")

    def notice(self, text: str | None) -> None:
        """Print a warning, if there is one."""
        if text is not None:
            self.warn(text)

    def remarks(self, warnings: Iterable[str], notes: Iterable[str]) -> None:
        """Warnings, and notes that explain a choice."""
        for text in warnings:
            self.warn(text)
        if self.talks:
            for text in notes:
                printer_for(self.stderr).labelled("note", _shown(text), "dim")

    def event(self, event: str, at: str, **fields: Any) -> None:
        """Write one line of JSON to stderr with `--progress jsonl`."""
        if self.progress == "jsonl":
            self.stderr.write(json.dumps({"event": event, "at": at, **fields}, ensure_ascii=False) + "\n")
            self.stderr.flush()

    def failure(self, error: ModelscanError, *, code: str | None = None) -> int:
        """Render a failure once and return its exit status."""
        if self.json:
            self.stderr.write(json.dumps({"error": error_document(error, code=code)}, ensure_ascii=False) + "\n")
        else:
            printer = printer_for(self.stderr)
            printer.labelled("error", _shown(error.message), "bold red")
            for line in error.cause[:_MOST_CAUSES]:
                printer.item(_shown(line))
            if self.verbose:
                for line in _behind(error):
                    printer.item(_shown(line), "dim")
            for hint in error.hints:
                printer.labelled("hint", _shown_hint(hint), "cyan")
        return error.exit_status


def _shown(text: str, longest: int = 1_000) -> str:
    """What may be foreign text, as one line that cannot steer a terminal."""
    from modelscan.parsing.text import clean_line  # `--help` says nothing foreign

    return clean_line(text, longest)


def _shown_hint(text: str) -> str:
    """A hint may hold lines to paste."""
    return "\n".join(_shown(line, _LONGEST_HINT) for line in text.split("\n"))


def _behind(error: ModelscanError) -> Iterator[str]:
    """What `--verbose` adds: the code, the details, and the exceptions that led here."""
    yield f"code: {error.code}"
    for name, value in to_document(error.details).items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
    cause = error.__cause__
    while cause is not None:
        yield f"caused by {type(cause).__name__}: {cause}"
        cause = cause.__cause__ or cause.__context__


def to_json(value: object) -> str:
    """One line of JSON, for results that are streamed."""
    return json.dumps(to_document(value), ensure_ascii=False)


def error_document(error: ModelscanError, *, code: str | None = None) -> Mapping[str, Any]:
    """`{"code", "message", "hints", "details"}` of a failure; its cause is `details.cause`."""
    details = to_document(error.details)
    if error.cause:
        details["cause"] = [_shown(line) for line in error.cause[:_MOST_CAUSES]]
    hints = [_shown_hint(hint) for hint in error.hints]
    return {"code": code or error.code, "message": _shown(error.message), "hints": hints, "details": details}
