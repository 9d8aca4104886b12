"""Create an environment: choose versions, build, check, record. After an interruption it is built again.

A virtual environment cannot be moved, so it is built in place; it is valid once its record exists. Downloads stay in
uv's cache, so a retry does not download again.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from modelscan.backends.base import Recipe
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.environments import failures
from modelscan.environments.build import Log, Uv, announce, build, pinned_versions, resolve
from modelscan.environments.extras import Extras, add_extras, complete
from modelscan.environments.locations import clean_environment, environment_folder, install_lock, install_log
from modelscan.environments.pip_config import read_pip_config, uv_variables, wants_no_index
from modelscan.environments.recipes import recipes_for
from modelscan.environments.record import read_records, size_of, write_record
from modelscan.environments.serving import add_program
from modelscan.environments.uv import Streamer, ensure_uv, why_it_failed
from modelscan.model import Device, Installation
from modelscan.settings.reading import Settings
from modelscan.storage.files import private_folder, translated, write_atomic
from modelscan.storage.locks import hold
from modelscan.system.clock import Clock, rfc3339
from modelscan.system.processes import run as process
from modelscan.units import format_bytes

_LOCK_SECONDS = 3600.0
# 12 to 16 s on two cores with the files cached; the very first start also compiles every module.
_CHECK_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """The Python that environments are created with."""

    program: str = sys.executable
    version: tuple[int, int] = (sys.version_info[0], sys.version_info[1])


@contextlib.contextmanager
def alone(settings: Settings, note: str, *, on_line: Callable[[str], None], clock: Clock) -> Iterator[None]:
    """Hold the installation lock: one command at a time. Raises Conflict after an hour."""
    with hold(
        install_lock(settings.paths),
        note=note,
        timeout=_LOCK_SECONDS,
        on_wait=lambda who: on_line(f"waiting for another command to finish: {who}"),
        clock=clock,
    ):
        yield


def install(
    backend: str,
    version: str | None,
    device: Device,
    settings: Settings,
    *,
    variant: str | None = None,
    on_line: Callable[[str], None],
    clock: Clock,
    run: process.Runner = process.run,
    stream: Streamer = process.run_streaming,
    interpreter: Interpreter | None = None,
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> Installation:
    """An environment of modelscan's own for this backend and device; an existing one is returned as it is.

    Without a version, any installed version satisfies. Raises SourceUnavailable (no source has what it needs: names
    what is missing and what to configure), BackendFailed, StorageFailed, Conflict (another installation is running).
    """
    version = version.partition("+")[0] if version else None
    recipes = recipes_for(backend, version, device, variant)
    python = interpreter or Interpreter()
    failures.refuse_python(backend, recipes[0], python.version)
    with alone(settings, f"modelscan backend install {backend}", on_line=on_line, clock=clock):
        there = _already(settings, recipes[0], version)
        if there is not None:
            on_line(f"already installed: {there.origin}")
        if there is not None and _is_whole(there, recipes):
            return there
        environments = private_folder(settings.paths.environments_folder)
        started = clock.monotonic()
        if there is None:
            failures.refuse_small_disk(environments, recipes[0], free_bytes(environments))
        uv = prepare_uv(
            settings,
            "-".join(filter(None, (backend, variant, device))),
            python=python,
            on_line=on_line,
            run=run,
            stream=stream,
        )
        if there is not None:
            return complete(uv, there, _made_by(there, recipes), environ=settings.environ, run=run, on_line=on_line)
        recipe, pins = _choose(uv, recipes, version, python=python, environments=environments, on_line=on_line)
        folder = environment_folder(settings.paths, recipe.name)
        with translated(folder, verb="clear"):
            if folder.exists():
                on_line(f"removing an interrupted installation from {folder}")
                shutil.rmtree(folder)
        try:
            _build(uv, recipe, pins, folder, python=python, on_line=on_line)
            extras = add_extras(uv, recipe, folder, environ=settings.environ, run=run, on_line=on_line)
            on_line(f"checking: {BACKENDS[recipe.backend].probes.program} --version")
            _check(uv, recipe, folder, settings.environ, run)
            done = _installation(recipe, folder, pinned_versions(pins), extras, rfc3339(clock.now()))
            write_record(done)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        what = f"{done.backend} for {variant}" if variant else done.backend
        on_line(
            f"installed {what} {done.version} for {device} in {clock.monotonic() - started:.0f} s,"
            f" {format_bytes(done.size_bytes)} in {folder}"
        )
        return done


def _already(settings: Settings, recipe: Recipe, version: str | None) -> Installation | None:
    for found in read_records(settings.paths.environments_folder):
        kind = found.backend, found.device, found.variant
        if kind == (recipe.backend, recipe.device, recipe.variant) and version in {None, found.version}:
            return found
    return None


def _made_by(there: Installation, recipes: Sequence[Recipe]) -> Recipe:
    return next((recipe for recipe in recipes if recipe.origin == there.origin), recipes[-1])


def _is_whole(there: Installation, recipes: Sequence[Recipe]) -> bool:
    """Whether it has all extras, also those that were no extras yet when it was made."""
    return not there.lacks and {extra.name for extra in _made_by(there, recipes).extras} <= there.requirements.keys()


def prepare_uv(
    settings: Settings,
    name: str,
    *,
    python: Interpreter,
    on_line: Callable[[str], None],
    run: process.Runner,
    stream: Streamer,
) -> Uv:
    """The user's own package sources for uv, and the log `name` for its output."""
    program = ensure_uv(settings, on_line=on_line, run=run, stream=stream, python=python.program)
    on_path = (shutil.which(item, path=settings.environ.get("PATH", "")) for item in ("python3", "python"))
    options = read_pip_config(
        dict.fromkeys((python.program, *(item for item in on_path if item))), environ=settings.environ, run=run
    )
    environ = clean_environment(settings.environ) | uv_variables(options, settings.environ)
    if settings.offline:
        environ["UV_OFFLINE"] = "1"
    return Uv(
        program=program,
        environ=environ,
        arguments=("--no-index",) if wants_no_index(options) else (),
        folder=settings.paths.environments_folder,
        stream=stream,
        log=Log(install_log(settings.paths, name)),
    )


def _choose(
    uv: Uv,
    recipes: tuple[Recipe, ...],
    version: str | None,
    *,
    python: Interpreter,
    environments: Path,
    on_line: Callable[[str], None],
) -> tuple[Recipe, str]:
    attempts: list[failures.Attempt] = []
    for recipe in recipes:
        on_line(f"trying {recipe.origin}")
        pins, done = resolve(uv, recipe, python=python.program, folder=environments)
        if pins is not None:
            on_line(f"resolved {len(pinned_versions(pins))} packages")
            return recipe, pins
        reason = done.problem or why_it_failed(done.stdout)
        on_line(f"not available: {reason}")
        attempts.append(failures.Attempt(recipe, reason))
    raise failures.nothing_resolves(attempts, uv.log.path, version=version, offline="UV_OFFLINE" in uv.environ)


def _build(
    uv: Uv, recipe: Recipe, pins: str, folder: Path, *, python: Interpreter, on_line: Callable[[str], None]
) -> None:
    private_folder(folder)
    write_atomic(folder / "requirements.txt", pins)
    venv = folder / "venv"
    done = build(uv, recipe, folder / "requirements.txt", python=python.program, venv=venv, on_line=on_line)
    if not done.ok:
        raise failures.build_failed(recipe, done.problem or why_it_failed(done.stdout), uv.log.path)
    if recipe.alias:
        announce(venv, *recipe.alias)
    if recipe.serving:
        add_program(venv, BACKENDS[recipe.backend].probes.program, recipe.serving)


def _check(uv: Uv, recipe: Recipe, folder: Path, environ: Mapping[str, str], run: process.Runner) -> None:
    probes = BACKENDS[recipe.backend].probes
    program = folder / "venv" / "bin" / probes.program
    answer = run([str(program), *probes.version_arguments], env=clean_environment(environ), timeout=_CHECK_SECONDS)
    uv.log.add(
        f"$ {program} {' '.join(probes.version_arguments)}\n{answer.stdout}{answer.stderr}{answer.problem or ''}"
    )
    if not answer.ok or recipe.version not in answer.stdout:
        raise failures.check_failed(recipe, answer, uv.log.path)
    if recipe.check is None:
        return
    python = folder / "venv" / "bin" / "python"
    answer = run([str(python), "-c", recipe.check], env=clean_environment(environ), timeout=_CHECK_SECONDS)
    uv.log.add(f"$ {python} -c {recipe.check!r}\n{answer.stdout}{answer.stderr}{answer.problem or ''}")
    if not answer.ok:
        raise failures.check_failed(recipe, answer, uv.log.path, loading=True)


def _installation(
    recipe: Recipe, folder: Path, pins: Mapping[str, str], extras: Extras, installed_at: str
) -> Installation:
    binaries = folder / "venv" / "bin"
    return Installation(
        backend=recipe.backend,
        version=recipe.version,
        device=recipe.device,
        program=str(binaries / BACKENDS[recipe.backend].probes.program),
        python=str(binaries / "python"),
        path=str(folder),
        managed=True,
        origin=recipe.origin,
        requirements={**{name: pins[name] for name in recipe.pinned if name in pins}, **extras.versions},
        lacks=extras.lacks,
        installed_at=installed_at,
        size_bytes=size_of(folder),
        variant=recipe.variant,
    )
