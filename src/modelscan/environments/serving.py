"""Programs of our own inside an environment, for a backend that is a library and brings none.

The environment has a copy of `modelscan_serving`: a path to ours would lead nowhere after an upgrade of modelscan, and
on the environment's path it would hide, with all that lies beside it, what the environment has.
"""

from __future__ import annotations

import filecmp
import shlex
import shutil
from pathlib import Path

from modelscan.model import Installation
from modelscan.storage.files import translated, write_atomic
from modelscan.storage.shipped import serving_programs

# As pip writes it for paths that are long or have blanks: shell to sh, a string to Python.
_SCRIPT = """\
#!/bin/sh
'''exec' {python} "$0" "$@"
' '''
import sys

from {package}.{module}.__main__ import main

sys.exit(main(sys.argv[1:]))
"""


def add_program(venv: Path, program: str, module: str) -> None:
    """A program `program` of the environment that runs `modelscan_serving.module`. Raises StorageFailed."""
    ours = serving_programs()
    for packages in _site_packages(venv):
        _copy(ours, packages / ours.name)
    python = shlex.quote(str(venv / "bin" / "python"))
    script = _SCRIPT.format(python=python, package=ours.name, module=module)
    write_atomic(venv / "bin" / program, script, mode=0o700)


def bring_up_to_date(installation: Installation) -> None:
    """Give an environment of ours the programs of this release, where it has those of another. Raises StorageFailed."""
    if not installation.managed:
        return
    ours = serving_programs()
    for packages in _site_packages(Path(installation.path) / "venv"):
        copy = packages / ours.name
        if copy.is_dir() and not _same(ours, copy):
            _copy(ours, copy)


def _site_packages(venv: Path) -> list[Path]:
    return sorted(venv.glob("lib/python3*/site-packages"))


def _copy(ours: Path, copy: Path) -> None:
    """Made beside it and moved into its place: what starts meanwhile finds one or the other."""
    made, old = copy.with_name(f".{copy.name}-new"), copy.with_name(f".{copy.name}-old")
    with translated(copy):
        for left in (made, old):
            shutil.rmtree(left, ignore_errors=True)
        shutil.copytree(ours, made, ignore=shutil.ignore_patterns("__pycache__"))
        if copy.exists():
            copy.rename(old)
        made.rename(copy)
        shutil.rmtree(old, ignore_errors=True)


def _same(ours: Path, copy: Path) -> bool:
    names = _files(ours)
    if names != _files(copy):
        return False
    _, different, unread = filecmp.cmpfiles(ours, copy, names, shallow=False)
    return not different and not unread


def _files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*.py"))
