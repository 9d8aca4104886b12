"""At 80 columns: columns go before a cell breaks, and what one copies stays whole."""

from __future__ import annotations

from io import StringIO

import pytest
from inline_snapshot import snapshot
from rich.console import Console

from modelscan.cli.output.printer import PlainPrinter
from modelscan.cli.output.terminal import TerminalPrinter, wrapped
from modelscan.cli.views.models import show_models
from modelscan.model import Fits, Limits, Model, Weights

ID = "qwen/qwen3-coder-480b-a35b-instruct"
REPO = "Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8"
PATH = "/home/somebody/.local/share/modelscan/environments/vllm-0.33.0-cu129/bin/vllm-with-a-long-name"


def on_a_terminal(width: int) -> tuple[TerminalPrinter, StringIO]:
    stream = StringIO()
    printer = TerminalPrinter(stream)
    printer._console = Console(file=stream, width=width, highlight=False, markup=False)
    printer.width = width
    return printer, stream


def models(*, judged: bool) -> list[Model]:
    fits = Fits(feasible=True, quantization="FP8", backend="vllm", max_model_len=32768) if judged else None
    weights = (Weights(source="huggingface", repo_id=REPO, quantization="FP8"),)
    model = Model(
        id=ID,
        name="Qwen3 Coder",
        task="chat",
        license="apache-2.0",
        parameters=480 * 10**9,
        limits=Limits(context=262144),
        weights=weights,
        open_weights=True,
        fits=fits,
    )
    return [model]


def test_a_list_of_models_keeps_ids_whole() -> None:
    printer, stream = on_a_terminal(80)
    show_models(printer, models(judged=False))
    assert stream.getvalue() == snapshot("""\
ID                                   PARAMS  CONTEXT
qwen/qwen3-coder-480b-a35b-instruct    480B  262,144
""")


def test_with_how_each_fits_a_row_is_one_line() -> None:
    printer, stream = on_a_terminal(80)
    show_models(printer, models(judged=True))
    assert stream.getvalue() == snapshot("""\
ID                                   PARAMS  CONTEXT  FITS
qwen/qwen3-coder-480b-a35b-instruct    480B  262,144  FP8 on vllm, 32,768 tokens
""")


def test_a_pipe_has_every_column() -> None:
    stream = StringIO()
    show_models(PlainPrinter(stream), models(judged=False))
    assert stream.getvalue().split()[:6] == ["ID", "TASK", "PARAMS", "CONTEXT", "WEIGHTS", "LICENSE"]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_path_and_a_command_stay_whole(width: int) -> None:
    printer, stream = on_a_terminal(width)
    printer.pairs([("Log", PATH), ("Try", f"modelscan restart {ID}")])
    assert PATH in stream.getvalue()
    assert ID in stream.getvalue()


def test_lines_break_between_words() -> None:
    assert wrapped(f"in {PATH} or elsewhere", 30) == ["in", PATH, "or elsewhere"]
    assert wrapped("", 30) == [""]
