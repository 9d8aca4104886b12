"""Whether a JSON schema can be compiled: tried in a process of its own, which has little time and memory for it.

llguidance counts what most of compiling costs, not all of it: sixty patterns that one text has to match took minutes
and 9 GB. Once a schema has passed, compiling it again costs as much as it did here.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import Any

from modelscan_serving.handlers.protocols import BadInput, Cancelled

with contextlib.suppress(ImportError):
    import llguidance

_MOST_BYTES = 128 * 1024
_MOST_SAID = 300
_SECONDS, _MEMORY = 3, 1 << 30
_WAIT = 0.05
_MOST_STATES = 50_000  # 1 to 2 kB each
_KEPT = 256
_BLANK = "[ ]?"  # between the parts of JSON; a model that may write more and knows no better fills its answer with them


class Schemas:
    """Those that passed are not tried again."""

    def __init__(self) -> None:
        self._passed: dict[str, None] = {}

    def check(self, schemas: Sequence[Any], param: str, cancel_event: threading.Event | None) -> None:
        """Raises BadInput for one that cannot be compiled, Cancelled."""
        try:
            texts = [as_grammar(schema) for schema in schemas]
        except RecursionError as error:
            raise BadInput("The JSON schema is nested too deeply.", param) from error
        if sum(map(len, texts)) > _MOST_BYTES:
            raise BadInput(f"The JSON schema is larger than {_MOST_BYTES // 1024} KiB.", param)
        new = [text for text in texts if text not in self._passed]
        if problem := _tried(new, cancel_event) if new else "":
            raise BadInput(f"The JSON schema cannot be compiled: {in_a_line(problem)}.", param)
        if len(self._passed) + len(new) > _KEPT:
            self._passed.clear()
        self._passed |= dict.fromkeys(new)


def as_grammar(schema: Any) -> str:
    """A schema as JSON, for llguidance. It may say nothing of its own about blanks, or about what is left out."""
    return json.dumps({**schema, "x-guidance": {"whitespace_pattern": _BLANK}} if isinstance(schema, dict) else schema)


def limits() -> Any:
    return llguidance.LLParserLimits(max_lexer_states=_MOST_STATES, verbose_errors=False)


def in_a_line(problem: str) -> str:
    return " ".join(problem.removesuffix("<non-verbose/>").split()).rstrip(".")[:_MOST_SAID] or "a limit was reached"


def _tried(texts: Sequence[str], cancel_event: threading.Event | None) -> str:
    """What is wrong with the first of them that is; empty where none is."""
    with tempfile.TemporaryFile("w+", encoding="ascii") as given, tempfile.TemporaryFile("w+") as said:
        json.dump(texts, given)
        given.seek(0)
        argv = [sys.executable, "-m", __name__]
        with subprocess.Popen(argv, stdin=given, stdout=said, stderr=subprocess.DEVNULL) as process:
            try:
                while (code := _ended(process)) is None:
                    if cancel_event is not None and cancel_event.is_set():
                        raise Cancelled
            finally:
                process.kill()
        said.seek(0)
        return str(json.load(said)) if code == 0 else "it takes too much time or memory"


def _ended(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_WAIT)
    except subprocess.TimeoutExpired:
        return None


def main() -> None:
    """Reads grammars from its input, and says what is wrong with the first bad one."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bytewise = llguidance.LLTokenizer("byte")
    problem = ""
    for text in json.load(sys.stdin):
        grammar = json.dumps({"grammars": [{"json_schema": json.loads(text)}]})
        matcher = llguidance.LLMatcher(bytewise, grammar, log_level=0, limits=limits())
        if not matcher.is_error():
            matcher.compute_bitmask()
        if problem := matcher.get_error():
            problem = "no answer matches it" if problem.startswith("NoExtension") else problem
            break
    print(json.dumps(problem))


if __name__ == "__main__":
    main()
