"""At 80 columns: columns go before a cell breaks, and what one copies stays whole."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from rich.console import Console

from modelscan.cli.output.printer import PlainPrinter
from modelscan.cli.output.terminal import TerminalPrinter, wrapped
from modelscan.cli.views.models import show_models
from modelscan.model import Fits, Limits, Model, Weights
from modelscan.units import GIB

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
ID                                   PARAMS          CONTEXT  ON DISK
qwen/qwen3-coder-480b-a35b-instruct    480B  262,144 (hosts)        -
""")


def test_with_how_each_fits_a_row_is_one_line() -> None:
    printer, stream = on_a_terminal(80)
    show_models(printer, models(judged=True))
    assert stream.getvalue() == snapshot("""\
ID                                   PARAMS  FITS
qwen/qwen3-coder-480b-a35b-instruct    480B  FP8 on vllm, 32,768 tokens
""")


def test_a_pipe_has_every_column() -> None:
    stream = StringIO()
    show_models(PlainPrinter(stream), models(judged=False))
    assert stream.getvalue().splitlines()[0].split() == [
        "ID", "TASK", "PARAMS", "CONTEXT", "ON", "DISK", "WEIGHTS", "LICENSE",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_path_and_a_command_stay_whole(width: int) -> None:
    printer, stream = on_a_terminal(width)
    printer.pairs([("Log", PATH), ("Try", f"modelscan restart {ID}")])
    assert PATH in stream.getvalue()
    assert ID in stream.getvalue()


def test_lines_break_between_words() -> None:
    assert wrapped(f"in {PATH} or elsewhere", 30) == ["in", PATH, "or elsewhere"]
    assert wrapped("", 30) == [""]


def labelled(text: str, label: str = "hint") -> list[str]:
    printer, stream = on_a_terminal(80)
    printer.labelled(label, text, "")
    return stream.getvalue().splitlines()


def test_a_hint_that_fits_is_one_line() -> None:
    assert labelled("modelscan list") == ["hint: modelscan list"]


def test_a_command_that_does_not_fit_beside_its_words_has_a_line_of_its_own() -> None:
    command = f"modelscan plan {ID} --quantization FP8 --hardware 8xh100-80gb"
    assert labelled(f"fewer concurrent requests: {command}") == ["hint: fewer concurrent requests:", f"  {command}"]
    assert labelled(
        f"of your shell's variables the backend does not get NCCL_DEBUG and OMP_NUM_THREADS: {command}"
    ) == [
        "hint: of your shell's variables the backend does not get NCCL_DEBUG and",
        "  OMP_NUM_THREADS:",
        f"  {command}",
    ]
    export = f"export HF_HUB_CACHE={PATH}"
    assert labelled(f"keep the cache elsewhere: {export}") == ["hint: keep the cache elsewhere:", f"  {export}"]


def test_a_command_longer_than_a_line_is_not_broken_by_us() -> None:
    command = f"modelscan deploy {ID} --name {'x' * 40} --context-length 32768 --replace"
    assert labelled(command) == [f"hint: {command}"]
    printer, stream = on_a_terminal(40)
    printer.pairs([("Try", command)])
    assert command in stream.getvalue()


def test_a_message_breaks_between_words_and_what_may_be_a_command_does_not() -> None:
    known = "`fp9` is not one of auto, bfloat16, float16, fp8, fp8_e4m3, fp8_e5m2, fp8_inc, fp8_ds_mla"
    assert labelled(known, "error") == [
        "error: `fp9` is not one of auto, bfloat16, float16, fp8, fp8_e4m3, fp8_e5m2,",
        "  fp8_inc, fp8_ds_mla",
    ]
    unknown = f"serve both with the backend itself: server serve {ID} --enable-lora --lora-modules NAME=/folder"
    assert labelled(unknown) == [f"hint: {unknown}"]


def test_a_note_of_many_ids_breaks_between_them() -> None:
    printer, stream = on_a_terminal(60)
    printer.labelled("note", f"others: {ID}, qwen/qwen3-8b, {ID}-fp8, qwen/qwen3-0.6b", "dim")
    assert stream.getvalue() == snapshot("""\
note: others: qwen/qwen3-coder-480b-a35b-instruct,
  qwen/qwen3-8b, qwen/qwen3-coder-480b-a35b-instruct-fp8,
  qwen/qwen3-0.6b
""")


def test_a_hint_keeps_its_command_whole() -> None:
    printer, stream = on_a_terminal(60)
    printer.labelled("hint", f"a smaller model that fits: modelscan plan {ID} --hardware rtx-4090", "cyan")
    printer.item(f"`{ID} --with spaces` is in backticks, so that it is one thing to copy, and then there is more")
    assert stream.getvalue() == snapshot("""\
hint: a smaller model that fits:
  modelscan plan qwen/qwen3-coder-480b-a35b-instruct --hardware rtx-4090
  `qwen/qwen3-coder-480b-a35b-instruct --with spaces` is in
  backticks, so that it is one thing to copy, and then there
  is more
""")


@given(
    words=st.lists(
        st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=40), min_size=1
    ),
    width=st.integers(1, 100),
)
def test_what_is_wrapped_loses_nothing_and_breaks_no_word(words: list[str], width: int) -> None:
    text = " ".join(words)
    lines = wrapped(text, width, first=width + 7)
    assert " ".join(lines) == text
    assert [word for line in lines for word in line.split(" ")] == words


def test_a_list_says_the_models_own_context_and_whose_the_other_is() -> None:
    weights = (
        Weights(source="huggingface", repo_id="Qwen/Qwen3-32B", estimated_bytes=61 * GIB),
        Weights(source="huggingface", repo_id="Qwen/Qwen3-32B-AWQ", estimated_bytes=18 * GIB),
        Weights(source="modelscope", repo_id="Qwen/Qwen3-32B", estimated_bytes=99 * GIB),
    )
    limits = Limits(context=128_000)
    stream = StringIO()
    show_models(
        PlainPrinter(stream),
        [
            Model(id="a/own", name="own", limits=limits, native_context=40_960, weights=weights),
            Model(id="a/hosts", name="hosts", limits=limits, weights=weights[:1]),
            Model(id="a/closed", name="closed", limits=limits, open_weights=False),
        ],
    )
    assert stream.getvalue() == snapshot("""\
ID        TASK  PARAMS          CONTEXT    ON DISK  WEIGHTS         LICENSE
a/own     chat       -           40,960  18-61 GiB  Qwen/Qwen3-32B  -
a/hosts   chat       -  128,000 (hosts)     61 GiB  Qwen/Qwen3-32B  -
a/closed  chat       -          128,000          -  closed          -
""")
