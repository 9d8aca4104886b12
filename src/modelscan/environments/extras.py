"""Add what a backend also runs without: each package is proven by an import, and taken out again where it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from modelscan import dataclasses
from modelscan.backends.base import Extra, Recipe
from modelscan.dataclasses import dataclass
from modelscan.environments.build import Uv, add, pinned_versions, resolve, take_out
from modelscan.environments.failures import last_words
from modelscan.environments.locations import clean_environment
from modelscan.environments.record import size_of, write_record
from modelscan.environments.uv import why_it_failed
from modelscan.model import Installation
from modelscan.storage.files import write_atomic
from modelscan.system.processes import run as process

_CHECK_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Extras:
    """`versions` of those that were added; `lacks` says what could not be, what that means, and the way to it."""

    versions: Mapping[str, str]
    lacks: tuple[str, ...]


def add_extras(
    uv: Uv,
    recipe: Recipe,
    folder: Path,
    *,
    environ: Mapping[str, str],
    run: process.Runner,
    on_line: Callable[[str], None],
) -> Extras:
    """Nothing that is there already is changed or taken out. Raises StorageFailed."""
    there = pinned_versions((folder / "requirements.txt").read_text(encoding="utf-8"))
    added: dict[str, str] = {}
    lacks: list[str] = []
    for extra in recipe.extras:
        wanted = dataclasses.replace(recipe, requirements=(extra.requirement,))
        on_line(f"adding {extra.requirement}")
        new, problem = _add(uv, wanted, extra, folder, environ=environ, run=run, there=there | added)
        if problem is None:
            added |= new
            continue
        lacks.append(f"{extra.name} ({problem}), so {extra.lost}. To add it: {extra.way}; then: {recipe.command}")
        on_line(f"without {lacks[-1]}")
    names = {extra.name for extra in recipe.extras}
    return Extras({name: version for name, version in added.items() if name in names}, tuple(lacks))


def complete(
    uv: Uv,
    installation: Installation,
    recipe: Recipe,
    *,
    environ: Mapping[str, str],
    run: process.Runner,
    on_line: Callable[[str], None],
) -> Installation:
    """One that lacks extras, once more. Raises StorageFailed."""
    folder = Path(installation.path)
    found = add_extras(uv, recipe, folder, environ=environ, run=run, on_line=on_line)
    made = dataclasses.replace(
        installation,
        requirements={**installation.requirements, **found.versions},
        lacks=found.lacks,
        size_bytes=size_of(folder),
    )
    write_record(made)
    return made


def _add(
    uv: Uv,
    wanted: Recipe,
    extra: Extra,
    folder: Path,
    *,
    environ: Mapping[str, str],
    run: process.Runner,
    there: Mapping[str, str],
) -> tuple[dict[str, str], str | None]:
    """What it brought, and why it is not there."""
    python = str(folder / "venv" / "bin" / "python")
    pins, done = resolve(uv, wanted, python=python, folder=folder.parent, beside=folder / "requirements.txt")
    if pins is None:
        return {}, done.problem or why_it_failed(done.stdout)
    new = {name: version for name, version in pinned_versions(pins).items() if name not in there}
    file = folder / f"{extra.module}.txt"
    write_atomic(file, "".join(f"{name}=={version}\n" for name, version in new.items()))
    done = add(uv, wanted, file, python=python, on_line=lambda _line: None)
    if not done.ok:
        problem = done.problem or why_it_failed(done.stdout)
    else:
        check = f"import {extra.module}"
        answer = run([python, "-c", check], env=clean_environment(environ), timeout=_CHECK_SECONDS)
        uv.log.add(f"$ {python} -c {check!r}\n{answer.stdout}{answer.stderr}{answer.problem or ''}")
        if answer.ok:
            return new, None
        problem = last_words(answer)
    take_out(uv, tuple(new), python=python)
    return {}, problem
