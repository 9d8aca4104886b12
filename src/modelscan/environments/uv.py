"""Find uv or install a private one, and explain its errors."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from modelscan.environments.locations import clean_environment, without_credentials
from modelscan.errors import BackendFailed
from modelscan.parsing.regex import regex
from modelscan.settings.reading import Settings
from modelscan.storage.files import private_folder, translated
from modelscan.system.processes import run as process

# `uv pip compile --torch-backend` left its preview in 0.7.14 (uv's release notes).
MINIMUM = (0, 7, 14)
_REQUIREMENT = f"uv>={'.'.join(map(str, MINIMUM))}"
_ANSWER_SECONDS = 30.0
_VERSION = regex(r"uv (\d+)\.(\d+)\.(\d+)")
_MARKERS = regex(r"\{[^}]*\}")
_ABSENT = regex(r"there is no version of (\S+?==\S+)")
_FETCH = regex(r"[Ff]ailed to fetch:?\s+`?https?://(?:[^/\s@]*@)?([^/`\s]+)")
_CAUSE = regex(r"^\s*(?:cause|Caused by):\s*(.+)$", re.MULTILINE)
_ERROR = regex(r"^\s*(?:error:|\u00d7)\s*(.+)$", re.MULTILINE)


class Streamer(Protocol):
    """`system.process.run_streaming`, or a test's stand-in."""

    def __call__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        on_line: Callable[[str], None],
        cwd: Path | None = None,
    ) -> process.Completed: ...


def find_uv(settings: Settings, run: process.Runner, *, python: str = sys.executable) -> str | None:
    """The first uv that works and is new enough: on PATH, next to our interpreter, or our own."""
    for candidate in _candidates(settings, python):
        answer = run([candidate, "--version"], env=clean_environment(settings.environ), timeout=_ANSWER_SECONDS)
        match = _VERSION.match(answer.stdout) if answer.ok else None
        if match and tuple(map(int, match.groups())) >= MINIMUM:
            return candidate
    return None


def ensure_uv(
    settings: Settings,
    *,
    on_line: Callable[[str], None],
    run: process.Runner,
    stream: Streamer,
    python: str = sys.executable,
) -> str:
    """A uv that works; where there is none, pip installs one into a small environment of modelscan's own.

    Raises BackendFailed with pip's own reason.
    """
    if found := find_uv(settings, run, python=python):
        return found
    folder = _own_folder(settings)
    on_line(f"cannot find uv: installing it in {folder}")
    private_folder(folder.parent)
    environment = clean_environment(settings.environ)
    with translated(folder, verb="create"):
        shutil.rmtree(folder, ignore_errors=True)
    own_python = str(folder / "bin" / "python")
    for argv in (
        [python, "-m", "venv", str(folder)],
        [own_python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _REQUIREMENT],
    ):
        done = stream(argv, env=environment, on_line=lambda line: on_line(without_credentials(line)))
        if not done.ok:
            raise _not_made(done)
    if found := find_uv(settings, run, python=python):
        return found
    raise BackendFailed(f"`{folder}/bin/uv` does not work", hints=["install uv yourself: python3 -m pip install uv"])


def why_it_failed(output: str) -> str:
    """The first cause in uv's output, in one line: what no source has, or which host did not respond and why."""
    text = without_credentials(_MARKERS.sub("", output))
    causes: list[str] = [cause.strip() for cause in _CAUSE.findall(text)]
    if absent := _ABSENT.search(" ".join(text.split())):
        return f"no source has {absent[1].rstrip(',')}"
    if fetch := _FETCH.search(text):
        return f"{fetch[1]} cannot be reached" + (f": {causes[-1]}" if causes else "")
    errors: list[str] = [error.strip() for error in _ERROR.findall(text)]
    for found in (*causes, *errors, *reversed(text.splitlines())):
        if found.strip():
            return found.strip()
    return "it failed without a message"


def _candidates(settings: Settings, python: str) -> Iterator[str]:
    if on_path := shutil.which("uv", path=settings.environ.get("PATH", "")):
        yield on_path
    for folder in (Path(python).parent, _own_folder(settings) / "bin"):
        if (folder / "uv").is_file():
            yield str(folder / "uv")


def _own_folder(settings: Settings) -> Path:
    return settings.paths.environments_folder / "uv"


def _not_made(done: process.Completed) -> BackendFailed:
    lines = [line.strip() for line in without_credentials(done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:]
    return BackendFailed(
        "cannot install uv, which creates the environments",
        cause=[done.problem or (errors[0] if errors else f"pip exited with status {done.returncode}")],
        hints=["install it yourself: python3 -m pip install uv", "if venv is missing: apt-get install python3-venv"],
    )
