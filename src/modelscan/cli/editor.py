"""The user's editor on a text: `$VISUAL`, else `$EDITOR`, as git does."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from modelscan.errors import ModelscanError, Usage
from modelscan.system.processes.run import run_on_terminal


def edit_text(text: str, environ: Mapping[str, str], *, suffix: str, otherwise: str) -> str:
    """The text as the user left it. `otherwise` is the command that needs no editor.

    Raises Usage without an editor and a terminal, ModelscanError for an editor that fails.
    """
    named = environ.get("VISUAL") or environ.get("EDITOR")
    if not named and not sys.stdin.isatty():
        raise Usage("there is no terminal for an editor", hints=[otherwise])
    with tempfile.TemporaryDirectory(prefix="modelscan-") as folder:  # 0700, and gone with whatever the editor left
        path = Path(folder) / f"entry{suffix}"
        path.write_text(text, encoding="utf-8")
        done = run_on_terminal([*shlex.split(named or "vi"), str(path)], env=environ)
        if not done.ok:
            reason = done.problem or f"`{named or 'vi'}` ended with status {done.returncode}"
            raise ModelscanError("nothing was changed", cause=[reason], hints=["export EDITOR=nano", otherwise])
        return path.read_text(encoding="utf-8")
