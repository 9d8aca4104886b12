"""The uv commands that resolve a recipe to exact versions and build an environment from them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelscan.backends.base import Recipe
from modelscan.dataclasses import dataclass
from modelscan.environments.locations import without_credentials
from modelscan.environments.uv import Streamer
from modelscan.storage.files import private_folder, storage_failed, translated
from modelscan.system.processes import run as process

# While resolving, give up early on a source that does not respond: there is another source, or an error message.
_HASTE = {"UV_HTTP_CONNECT_TIMEOUT": "5", "UV_HTTP_RETRIES": "1"}
# Lines of `uv pip sync` for the log only: one per package, and repetitions.
_CHATTER = (" + ", " - ", " Downloaded ", "Downloaded ", "Using Python ")
_DISK_TROUBLE = {
    "no space left on device": 28,
    "disk quota exceeded": 122,
    "read-only file system": 30,
    "permission denied": 13,
}


class Log:
    """The full output of uv in a private file, without credentials."""

    def __init__(self, path: Path) -> None:
        self.path = path
        private_folder(path.parent)
        with translated(path):
            path.touch(mode=0o600)
            path.write_text("", encoding="utf-8")

    def add(self, line: str) -> None:
        with translated(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(without_credentials(line) + "\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Uv:
    """uv with its surroundings. Package sources are in `environ`, because other users can see arguments.

    `folder` is its working directory: the user's may have an unrelated pyproject.toml or uv.toml.
    """

    program: str
    environ: Mapping[str, str]
    arguments: tuple[str, ...]
    folder: Path
    stream: Streamer
    log: Log

    def run(self, *arguments: str, on_line: Callable[[str], None], extra: Mapping[str, str]) -> process.Completed:
        argv = [self.program, *arguments]
        self.log.add("$ " + " ".join(argv))

        def take(line: str) -> None:
            self.log.add(line)
            on_line(without_credentials(line))

        return self.stream(argv, env={**extra, **self.environ}, on_line=take, cwd=self.folder)


def resolve(
    uv: Uv, recipe: Recipe, *, python: str, folder: Path, beside: Path | None = None
) -> tuple[str | None, process.Completed]:
    """The pins of a recipe as the text of a requirements file; None where no set of versions satisfies it.

    Installs nothing. `folder` is where a temporary folder may be created. `beside` is the requirements file of an
    existing environment to add to. Raises StorageFailed.
    """
    private_folder(folder)
    with translated(folder), tempfile.TemporaryDirectory(prefix=".resolving-", dir=folder) as name:
        work = Path(name)
        wanted, overrides, chosen = (work / item for item in ("wanted.txt", "overrides.txt", "chosen.txt"))
        wanted.write_text("\n".join(recipe.requirements) + "\n", encoding="utf-8")
        overrides.write_text("\n".join(recipe.overrides) + "\n", encoding="utf-8")
        done = uv.run(
            *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", python),
            *("--override", str(overrides), "--output-file", str(chosen)),
            *(("--constraint", str(beside)) if beside else ()),
            *_sources(uv, recipe),
            str(wanted),
            on_line=lambda _line: None,
            extra=_HASTE,
        )
        return (chosen.read_text(encoding="utf-8") if done.ok else None), done


def build(
    uv: Uv, recipe: Recipe, pins: Path, *, python: str, venv: Path, on_line: Callable[[str], None]
) -> process.Completed:
    """Create a virtual environment with exactly these pins. Raises StorageFailed for a full or read-only disk."""

    def shown(line: str) -> None:
        if line.strip() and not line.startswith(_CHATTER):
            on_line(line.strip())

    done = uv.run("venv", "--quiet", "--no-project", "--python", python, str(venv), on_line=shown, extra={})
    if done.ok:
        done = uv.run(
            *("pip", "sync", "--python", str(venv / "bin" / "python"), *_sources(uv, recipe), str(pins)),
            on_line=shown,
            extra={},
        )
    _refuse_disk_trouble(done, venv)
    return done


def add(uv: Uv, recipe: Recipe, pins: Path, *, python: str, on_line: Callable[[str], None]) -> process.Completed:
    """Install exactly these pins into an existing environment and change nothing else. Raises StorageFailed."""
    done = uv.run(
        *("pip", "install", "--no-deps", "--python", python, *_sources(uv, recipe), "--requirement", str(pins)),
        on_line=lambda line: None if line.startswith(_CHATTER) or not line.strip() else on_line(line.strip()),
        extra={},
    )
    _refuse_disk_trouble(done, pins.parent)
    return done


def take_out(uv: Uv, names: Sequence[str], *, python: str) -> process.Completed:
    """Take distributions out of an environment; those that are not there are no error."""
    return uv.run("pip", "uninstall", "--python", python, *names, on_line=lambda _line: None, extra={})


def _refuse_disk_trouble(done: process.Completed, place: Path) -> None:
    output = "" if done.ok else done.stdout.lower()
    for words, number in _DISK_TROUBLE.items():
        if words in output:
            raise storage_failed(place, OSError(number, words))


def announce(venv: Path, name: str, version: str) -> None:
    """Add metadata under another distribution name. Raises StorageFailed."""
    with translated(venv):
        for packages in venv.glob("lib/python3*/site-packages"):
            folder = packages / f"{name}-{version}.dist-info"
            folder.mkdir(exist_ok=True)
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (folder / "METADATA").write_text(text, encoding="utf-8")


def pinned_versions(pins: str) -> dict[str, str]:
    """Distribution names and versions of a requirements file."""
    pairs = (line.split(";")[0].strip().partition("==") for line in pins.splitlines() if "==" in line)
    return {name: version.strip() for name, _, version in pairs}


def _sources(uv: Uv, recipe: Recipe) -> tuple[str, ...]:
    index = ("--index", recipe.index) if recipe.index else ()
    backend = ("--torch-backend", recipe.torch_backend) if recipe.torch_backend else ()
    return (*uv.arguments, *index, *backend)
