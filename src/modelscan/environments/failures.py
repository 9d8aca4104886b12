"""The errors of an installation, with hints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelscan.backends.base import Recipe
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.errors import BackendFailed, SourceUnavailable, StorageFailed
from modelscan.hardware.nvidia.drivers import driver_for
from modelscan.system.processes.run import Completed
from modelscan.units import format_bytes

_PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True, slots=True)
class Attempt:
    recipe: Recipe
    reason: str


def refuse_python(backend: str, recipe: Recipe, version: tuple[int, int]) -> None:
    """Raise BackendFailed where this Python is too old or too new for the backend."""
    first, last = recipe.python_range
    if first <= version <= last:
        return
    raise BackendFailed(
        f"`{backend}` does not run on Python {_dotted(version)}",
        cause=[
            f"it needs Python {_dotted(first)} to {_dotted(last)}, and environments use the Python that runs modelscan"
        ],
        hints=[f"uv tool install --reinstall --python {_dotted(last)} modelscan-cli"],
        details={"python": _dotted(version)},
    )


def refuse_small_disk(folder: Path, recipe: Recipe, free_bytes: int) -> None:
    """Raise StorageFailed where the environment cannot fit."""
    if free_bytes >= recipe.disk_bytes:
        return
    raise StorageFailed(
        f"`{folder}` has too little free disk space for {BACKENDS[recipe.backend].title}",
        cause=[f"it needs about {format_bytes(recipe.disk_bytes)}, {format_bytes(free_bytes)} are free"],
        hints=["free some space there, or use another disk: export MODELSCAN_HOME=/path/to/folder"],
        details={"path": str(folder), "needed_bytes": recipe.disk_bytes, "free_bytes": free_bytes},
    )


def nothing_resolves(
    attempts: Sequence[Attempt], log: Path, *, version: str | None, offline: bool, option: str = ""
) -> SourceUnavailable:
    """No recipe can be resolved. On a CPU the cause is nearly always torch, which the package index lacks."""
    recipe = attempts[-1].recipe
    title = BACKENDS[recipe.backend].title
    cause = [f"{item.recipe.origin}: {item.reason}" for item in attempts]
    if offline:
        cause.append("offline: only uv's cache and local folders were searched")
    option += f" --version {version}" if version else ""
    again = f"then retry: {recipe.command}{option}"
    if version:
        again += f", or install a version known to work: {recipe.command}"
    details = {
        "attempts": [{"origin": item.recipe.origin, "reason": item.reason} for item in attempts],
        "log_path": str(log),
    }
    if recipe.device == "cpu" and any(_lacks_torch(item) for item in attempts):
        torch = recipe.torch or "for CPU"
        return SourceUnavailable(
            f"{title} needs `torch {torch}`, which no reachable source has",
            cause=cause,
            hints=[
                f"allow access to {_PYTORCH_CPU_INDEX} (behind a proxy: export HTTPS_PROXY=http://host:port)",
                "or put its wheel in a folder: pip config set global.find-links /path/to/folder",
                "or add an index that has it: pip config set global.extra-index-url https://host/simple",
                again,
                f"see the full log: less '{log}'",
            ],
            details=details | {"missing": f"torch=={torch}"},
        )
    return SourceUnavailable(
        f"no reachable source has what `{recipe.requirements[0]}` needs",
        cause=cause,
        hints=[
            "check the network and pip's configuration: python3 -m pip config list",
            again,
            f"see the full log: less '{log}'",
        ],
        details=details,
    )


def build_failed(recipe: Recipe, reason: str, log: Path, *, option: str = "") -> BackendFailed:
    return BackendFailed(
        f"cannot create the environment of `{recipe.name}`",
        cause=[reason],
        hints=[
            f"retry, downloads are kept: {recipe.command}{option}",
            f"see the full log: less '{log}'",
        ],
        details={"log_path": str(log)},
    )


def streamer_fails(recipe: Recipe, answer: Completed, log: Path) -> BackendFailed:
    return BackendFailed(
        f"the S3 reader does not load in the environment of `{recipe.name}`",
        cause=[last_words(answer)],
        hints=[f"see the full log: less '{log}'"],
        details={"log_path": str(log), "exit_code": answer.returncode},
    )


def last_words(answer: Completed) -> str:
    """Why a program ended, in its own words where it has any."""
    lines = [line.strip() for line in (answer.stderr or answer.stdout).splitlines() if line.strip()]
    return answer.problem or (lines[-1] if lines else f"it exited with status {answer.returncode}")


def check_failed(recipe: Recipe, answer: Completed, log: Path, *, loading: bool = False) -> BackendFailed:
    cause = [last_words(answer)]
    hints = [f"see the full log: less '{log}'"]
    what = f"`{recipe.requirements[0]}` does not load" if loading else f"`{recipe.backend} --version` fails"
    driver = driver_for(recipe.min_cuda) if recipe.min_cuda is not None else None
    if driver is not None:
        hints.insert(0, f"it needs NVIDIA driver {driver} or newer; check yours: nvidia-smi")
    return BackendFailed(
        f"{what} in the new environment, which was removed",
        cause=cause,
        hints=hints,
        details={"log_path": str(log), "exit_code": answer.returncode},
    )


def _lacks_torch(attempt: Attempt) -> bool:
    return "has torch==" in attempt.reason or "pytorch" in attempt.reason


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
