"""One question and its answer, or a chat on a terminal. The answer is streamed to stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import printer_for
from modelscan.cli.output.word_wrap import WordWrap
from modelscan.cli.signals import Terminated
from modelscan.errors import ModelscanError, Usage
from modelscan.model import Deployment
from modelscan.parsing.regex import regex
from modelscan.selecting.context import Context
from modelscan.verbs.run.run import MeasuredAnswer, Message, Piece, Sampling, TokenCounts, answer

# A model may write escape sequences; of control characters, only newlines and tabs reach a terminal.
_CONTROLS = regex(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_PROMPT = ">>> "
_BETWEEN = "\n\n"  # what a model thought and what it says
_WIDE = 80
_CHAT_HELP = """/clear  forget the conversation so far
/bye    end the chat (or Ctrl-D)
/help   show this help"""


def _on_terminal(stdout: TextIO) -> Callable[[str], str]:
    """How the pieces of an answer are written: without what steers a terminal, broken between words."""
    wrap = WordWrap(printer_for(stdout).width or _WIDE)
    return lambda text: wrap.feed(_CONTROLS.sub("", text))


def _as_it_is(text: str) -> str:
    return text


def read_prompt(prompt: str | None, output: Output) -> str | None:
    """The prompt followed by piped input; None starts a chat. Raises Usage without prompt and terminal."""
    if sys.stdin.isatty():
        if prompt is None and (output.json or not output.stdout.isatty()):
            raise Usage("no prompt was given", hints=["modelscan run ID 'your question'"])
        return prompt
    parts = [part for part in (prompt, sys.stdin.read().strip()) if part]
    if not parts:
        raise Usage("no prompt was given, and stdin is empty", hints=["modelscan run ID 'your question'"])
    return "\n\n".join(parts)


class Conversation:
    """`ask` prints one answer as text or JSON; `chat` continues until Ctrl-D."""

    def __init__(
        self, context: Context, deployment: Deployment, output: Output, *, system: str | None, sampling: Sampling
    ) -> None:
        self._context = context
        self._deployment = deployment
        self._output = output
        self._sampling = sampling
        self._messages = [Message(role="system", content=system)] if system else []

    def ask(self, question: str) -> None:
        if self._output.json:
            self._output.document(self._measured(question), lambda _: None)
            return
        for _ in self._printed(question):
            pass

    def chat(self) -> None:
        """Ctrl-C ends the current answer or discards the line; Ctrl-D on an empty line ends the chat."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  arrow keys and earlier lines in input()

        self._output.say(
            f"Chatting with {self._deployment.name}. Ctrl-C stops an answer, /bye or Ctrl-D ends the chat."
        )
        while True:
            try:
                question = input(_PROMPT)
            except EOFError:
                self._output.stdout.write("\n")
                return
            except Terminated:
                raise
            except KeyboardInterrupt:
                self._output.stdout.write("\n")
                continue
            match question.strip():
                case "":
                    continue
                case "/bye" | "/exit" | "/quit":
                    return
                case "/clear":
                    self._messages = [message for message in self._messages if message.role == "system"]
                    self._output.say("Started a new conversation.")
                case "/help" | "/?":
                    self._output.say(_CHAT_HELP)
                case _:
                    self._exchange(question)

    def _exchange(self, question: str) -> None:
        received: list[str] = []
        try:
            for text in self._printed(question):
                received.append(text)  # noqa: PERF402  what arrived before Ctrl-C is kept
        except Terminated:
            raise
        except KeyboardInterrupt:
            self._output.stdout.write("\n")
        except ModelscanError as error:  # the chat continues: the next question may be shorter, or the backend back
            self._output.failure(error)
            if not received:
                return
        self._messages += [
            Message(role="user", content=question),
            Message(role="assistant", content="".join(received)),
        ]

    def _pieces(self, question: str) -> Iterator[Piece]:
        messages = [*self._messages, Message(role="user", content=question)]
        with contextlib.closing(answer(self._context, self._deployment, messages, self._sampling)) as pieces:
            yield from pieces

    def _printed(self, question: str) -> Iterator[str]:
        """The text of an answer, printed as it arrives; reasoning is shown only on a terminal."""
        stdout = self._output.stdout
        terminal = stdout.isatty()
        shown = _on_terminal(stdout) if terminal else _as_it_is
        thinking = False
        last = ""
        for piece in self._pieces(question):
            if piece.reasoning and terminal and self._output.talks:
                stdout.write(("" if thinking else _DIM) + shown(piece.reasoning))
                thinking = True
            if piece.text:
                if thinking:
                    stdout.write(f"{_PLAIN}{shown(_BETWEEN)}")
                    thinking = False
                last = shown(piece.text)
                stdout.write(last)
                yield piece.text
            stdout.flush()
        stdout.write(_PLAIN if thinking else "")
        stdout.write("" if last.endswith("\n") else "\n")
        stdout.flush()

    def _measured(self, question: str) -> MeasuredAnswer:
        clock = self._context.clock
        started = clock.monotonic()
        times: list[float] = []
        pieces: list[Piece] = []
        for piece in self._pieces(question):
            pieces.append(piece)
            if piece.text or piece.reasoning:
                times.append(clock.monotonic())
        last = next((piece for piece in reversed(pieces) if piece.completion_tokens is not None), Piece())
        tokens = last.completion_tokens or len(times)
        span = times[-1] - times[0] if times else 0.0
        return MeasuredAnswer(
            deployment=self._deployment.name,
            model=self._deployment.model,
            answer="".join(piece.text for piece in pieces),
            reasoning="".join(piece.reasoning for piece in pieces) or None,
            finish_reason=next((piece.finish_reason for piece in pieces if piece.finish_reason), None),
            usage=TokenCounts(prompt_tokens=last.prompt_tokens, completion_tokens=last.completion_tokens),
            ttft_ms=round((times[0] - started) * 1000, 1) if times else None,
            decode_tokens_per_second=round((tokens - 1) / span, 1) if tokens > 1 and span > 0 else None,
        )
