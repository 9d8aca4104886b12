"""Find installed backends: modelscan's own environments by record, others by querying their interpreter.

Importing vLLM takes 10 to 15 seconds, as does `vllm --version`; reading package metadata takes 0.1. Each backend's
`probes` define what to look for and how to read it.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelscan.backends.backend import Backend
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.environments.record import read_records
from modelscan.model import Device, Installation
from modelscan.settings.reading import Settings
from modelscan.system.processes import run as process

_QUERY_SECONDS = 20.0
_VERSION_SECONDS = 60.0
_SHEBANG_BYTES = 1024
_QUERY = (
    "import sys; sys.path[:] = [p for p in sys.path if p]\n"
    "import json, importlib.metadata as m\n"
    "found = {}\n"
    "for name in sys.argv[1:]:\n"
    "    try: found[name] = m.version(name)\n"
    "    except m.PackageNotFoundError: pass\n"
    "print(json.dumps(found))\n"
)


@dataclass(frozen=True, slots=True)
class _Location:
    backend: Backend
    program: Path
    origin: str


def find_installations(settings: Settings, run: process.Runner = process.run) -> list[Installation]:
    """Our own first, then those in `backend.dirs`, on PATH, or in the active virtual environment. What it finds never
    makes it raise.
    """
    return [*read_records(settings.paths.environments_folder), *_foreign(settings, run)]


def _foreign(settings: Settings, run: process.Runner) -> Iterator[Installation]:
    ours = settings.paths.environments_folder.resolve()
    seen: set[Path] = set()
    for place in _locations(settings):
        target = place.program.resolve()
        if target in seen or target.is_relative_to(ours):
            continue
        seen.add(target)
        if found := _examine(place, settings.environ, run):
            yield found


def _locations(settings: Settings) -> Iterator[_Location]:
    """The folders of `backend.dirs` first."""
    virtual = settings.environ.get("VIRTUAL_ENV")
    for backend in BACKENDS.values():
        name = backend.probes.program
        for folder in settings.backend.dirs:
            if named := _program_in(folder, name):
                yield _Location(backend, named, "named in the setting backend.dirs")
        if on_path := shutil.which(name, path=settings.environ.get("PATH", "")):
            yield _Location(backend, Path(on_path), "found on PATH")
        if virtual and (inside := shutil.which(name, path=str(Path(virtual) / "bin"))):
            yield _Location(backend, Path(inside), "found in the active virtual environment")


def _program_in(folder: str, name: str) -> Path | None:
    """A program of an environment: `folder` is it, has its programs, or holds it, as `backend install` and uv do it."""
    path = Path(folder).expanduser()
    places = (path / "bin", path, path / "venv" / "bin", path / ".venv" / "bin")
    found = shutil.which(name, path=":".join(map(str, places)))
    return Path(found) if found else None


def programs_in(folder: str) -> tuple[Path, ...]:
    """The programs of backends that a folder of `backend.dirs` leads to, whether they work or not."""
    found = (_program_in(folder, backend.probes.program) for backend in BACKENDS.values())
    return tuple(program for program in found if program is not None)


def _examine(place: _Location, environ: Mapping[str, str], run: process.Runner) -> Installation | None:
    name, probes = place.backend.name, place.backend.probes
    python = interpreter_of(place.program, environ)
    versions = _versions(python, probes.distributions, environ, run) if python and probes.distributions else {}
    if probes.is_broken(versions):
        return None
    version, device = probes.version(versions), None
    if version is None:
        answer = run([str(place.program), *probes.version_arguments], env=environ, timeout=_VERSION_SECONDS)
        said = answer.stdout.strip() or answer.stderr
        version = probes.read_version(said) if answer.ok else None
        if version is None:
            return None
        versions = {name: version}
        python = None
        device = probes.read_device(answer.stdout + answer.stderr) or _asked_device(place, environ, run)
    return Installation(
        backend=name,
        version=version,
        device=device or probes.device(versions),
        program=str(place.program),
        python=python,
        path=str(place.program.parent),
        origin=place.origin,
        requirements={item: found for item, found in versions.items() if item != name or item in probes.libraries},
        variant=place.backend.variant_with([item for item in probes.libraries if item in versions]),
    )


def _asked_device(place: _Location, environ: Mapping[str, str], run: process.Runner) -> Device | None:
    """Where it does not say of itself what it runs on, and can be asked."""
    probes = place.backend.probes
    if not probes.device_arguments:
        return None
    answer = run([str(place.program), *probes.device_arguments], env=environ, timeout=_VERSION_SECONDS)
    return probes.read_device(answer.stdout + answer.stderr) if answer.ok else None


def _versions(
    python: str, distributions: Sequence[str], environ: Mapping[str, str], run: process.Runner
) -> dict[str, str]:
    answer = run([python, "-c", _QUERY, *distributions], env=environ, timeout=_QUERY_SECONDS)
    try:
        found = json.loads(answer.stdout) if answer.ok else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def interpreter_of(script: Path, environ: Mapping[str, str]) -> str | None:
    """The Python in the first lines of a console script; None for anything else."""
    try:
        with script.open("rb") as file:
            lines = file.read(_SHEBANG_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    if not lines or not lines[0].startswith("#!"):
        return None
    words = _words(lines[0][2:])
    # For long paths and paths with spaces, installers write a line that is shell to sh and a string to Python.
    if words and Path(words[0]).name == "sh" and len(lines) > 1 and lines[1].startswith("'''exec'"):
        words = _words(lines[1].removeprefix("'''exec'"))
    if words and Path(words[0]).name == "env":
        words = [shutil.which(words[-1], path=environ.get("PATH", "")) or ""]
    return words[0] if words and Path(words[0]).name.startswith("python") else None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []
