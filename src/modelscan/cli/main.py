"""The outer boundary: run a command, render a failure once, return its exit status."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence

import typer

from modelscan.cli.app import program
from modelscan.cli.output.output import Output
from modelscan.cli.signals import interruption_as_error, terminate
from modelscan.errors import BUG_EXIT_STATUS, Interrupted, ModelscanError, Usage
from modelscan.settings.environment import trust_named_certificates

_GLOBAL = frozenset({"--offline", "--verbose", "-v"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status. Never raises."""
    arguments = _global_first(sys.argv[1:] if argv is None else argv)
    output = Output.before_parsing(arguments)
    signal.signal(signal.SIGTERM, terminate)
    trust_named_certificates()
    try:
        with interruption_as_error():
            status = program()(args=arguments, prog_name="modelscan", standalone_mode=False)
            sys.stdout.flush()
    except ModelscanError as error:
        return output.failure(error)
    except typer.TyperException as error:
        return output.failure(_usage(error))
    except typer.Abort:  # end of input at a question
        return output.failure(Interrupted("interrupted", hints=["modelscan list"]))
    except (BrokenPipeError, SystemExit) as end:
        # Typer ends with 0 after printing a completion script, and with 1 when the reader of stdout went away.
        return 0 if getattr(end, "code", None) == 0 else _closed_pipe()
    except Exception as error:  # noqa: BLE001  the outer boundary: a bug keeps its traceback and its own status
        return _bug(output, error)
    return status if isinstance(status, int) else 0


def _global_first(argv: Sequence[str]) -> list[str]:
    """Options of the whole program may stand anywhere before a bare `--`."""
    end = list(argv).index("--") if "--" in argv else len(argv)
    moved = [word for word in dict.fromkeys(argv[:end]) if word in _GLOBAL]
    return [*moved, *(word for word in argv[:end] if word not in _GLOBAL), *argv[end:]]


def _usage(error: typer.TyperException) -> Usage:
    message = error.format_message().rstrip(".").replace("Value error, ", "") or "no command was given"
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "modelscan"
    return Usage(_in_our_marks(message), hints=[f"{command} --help"])


def _in_our_marks(message: str) -> str:
    """Typer's messages as ours are: on one line, and what they name in backticks."""
    line = re.sub(r"\s*\. Choose from:\s*", ": one of ", message)
    line = re.sub(r",\s+", ", ", line)
    return re.sub(r"(?<!\w)'([^'\s]+)'", r"`\1`", line)


def _closed_pipe() -> int:
    """The reader closed the pipe (`| head`): not our failure, and there is nobody left to write to."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  kept open for the exit flush
    return 0


def _bug(output: Output, error: Exception) -> int:
    from modelscan.cli.bugs import print_traceback, save_traceback

    place = save_traceback(error)
    shown = f"the traceback is in `{place}`" if place else "the traceback could not be saved:"
    report = ModelscanError(
        "this is a bug in modelscan",
        cause=[f"{type(error).__name__}: {error}", shown],
        hints=["please report it and attach that file"],
        details={"traceback": str(place) if place else None},
    )
    output.failure(report, code="bug")
    if place is None:
        print_traceback(error)
    return BUG_EXIT_STATUS
