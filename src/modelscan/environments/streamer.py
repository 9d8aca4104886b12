"""Add the packages that read weights from S3 to an installed backend, without changing the rest of it.

Only when a deployment needs them: they take 50 MB and include an AWS client with no other use there.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from modelscan import dataclasses
from modelscan.backends.base import STREAMER, Addition
from modelscan.backends.registry import BACKENDS
from modelscan.environments import failures
from modelscan.environments.build import add, pinned_versions, resolve
from modelscan.environments.install import Interpreter, alone, prepare_uv
from modelscan.environments.locations import clean_environment
from modelscan.environments.record import size_of, write_record
from modelscan.environments.uv import Streamer, why_it_failed
from modelscan.errors import Usage
from modelscan.model import Installation
from modelscan.settings.reading import Settings
from modelscan.storage.files import write_atomic
from modelscan.system.clock import Clock
from modelscan.system.processes import run as process

_PINS = "streamer.txt"
_CHECK_SECONDS = 120.0


def can_stream(installation: Installation) -> bool:
    """Whether it can read weights from S3."""
    return STREAMER in installation.requirements


def command_to_add(installation: Installation) -> str:
    """The command that adds them to a foreign environment; `--no-deps` keeps its torch."""
    python = installation.python or "python"
    return shlex.join([python, "-m", "pip", "install", "--no-deps", *_reader(installation).by_hand])


def _reader(installation: Installation) -> Addition:
    """Raises Usage for a backend that cannot read from S3."""
    backend = BACKENDS[installation.backend]
    found = backend.installs.s3_reader(installation) if backend.installs is not None else None
    if found is None:
        raise Usage(f"{backend.title} cannot read weights from S3")
    return found


def add_streamer(
    installation: Installation,
    settings: Settings,
    *,
    on_line: Callable[[str], None],
    clock: Clock,
    run: process.Runner = process.run,
    stream: Streamer = process.run_streaming,
    interpreter: Interpreter | None = None,
) -> Installation:
    """The environment with the packages added. After an interruption, the next call completes it.

    Raises SourceUnavailable, BackendFailed (they do not load with this backend), StorageFailed, Conflict.
    """
    folder, python = Path(installation.path), str(installation.python)
    reader = _reader(installation)
    recipe = reader.recipe
    note = f"modelscan backend install {installation.backend} --s3"
    with alone(settings, note, on_line=on_line, clock=clock):
        failures.refuse_small_disk(folder, recipe, shutil.disk_usage(folder).free)
        name = f"{installation.backend}-{installation.device}-s3"
        uv = prepare_uv(settings, name, python=interpreter or Interpreter(), on_line=on_line, run=run, stream=stream)
        on_line(f"adding {recipe.origin}")
        pins, done = resolve(
            uv, recipe, python=python, folder=settings.paths.environments_folder, beside=folder / "requirements.txt"
        )
        if pins is None:
            attempt = failures.Attempt(recipe, done.problem or why_it_failed(done.stdout))
            raise failures.nothing_resolves(
                [attempt], uv.log.path, version=None, offline="UV_OFFLINE" in uv.environ, option=" --s3"
            )
        write_atomic(folder / _PINS, pins)
        done = add(uv, recipe, folder / _PINS, python=python, on_line=on_line)
        if not done.ok:
            raise failures.build_failed(recipe, done.problem or why_it_failed(done.stdout), uv.log.path, option=" --s3")
        answer = run([python, "-c", reader.check], env=clean_environment(settings.environ), timeout=_CHECK_SECONDS)
        uv.log.add(f"$ {python} -c {reader.check!r}\n{answer.stdout}{answer.stderr}{answer.problem or ''}")
        if not answer.ok:
            raise failures.streamer_fails(recipe, answer, uv.log.path)
        found = pinned_versions(pins)
        versions = {name: found[name] for name in recipe.pinned if name in found}
        made = dataclasses.replace(
            installation, requirements={**installation.requirements, **versions}, size_bytes=size_of(folder)
        )
        write_record(made)
        on_line(f"added {STREAMER} {versions.get(STREAMER, '')}".rstrip())
        return made
