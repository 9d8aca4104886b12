"""The result of probing one vendor's GPUs, and the timeout for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from modelscan.dataclasses import dataclass
from modelscan.model import Gpu, GpuLink
from modelscan.parsing.text import clean
from modelscan.system.processes.run import Completed

# A driver that hangs must not hang modelscan. The tools of a sleeping or busy card need up to two seconds.
PROBE_SECONDS = 10.0
_LINE = 160  # characters of a tool's output that a warning quotes


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """`devices` before any visibility variable is applied; `warnings` are problems with advice; `faults` are
    those that make a GPU unusable.

    `answered` is False where the driver could not be queried, so that another way may be tried.
    """

    devices: tuple[Gpu, ...] = ()
    driver_version: str | None = None
    cuda_version: str | None = None
    rocm_version: str | None = None
    interconnect: str | None = None
    links: tuple[GpuLink, ...] = ()
    warnings: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    answered: bool = True


def within(seconds: float, ask: Callable[[], Detected], *, what: str) -> Detected:
    """The answer of `ask`, or a warning after `seconds`. A call into a driver cannot be stopped, so it is abandoned."""
    answers: list[Detected] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as error:  # noqa: BLE001  handed to the caller's thread below
            errors.append(error)

    worker = threading.Thread(target=work, daemon=True, name=f"probe {what}")
    worker.start()
    worker.join(seconds)
    if errors:
        raise errors[0]
    if answers:
        return answers[0]
    return Detected(
        answered=False,
        faults=(f"{what} did not respond within {seconds:g} s; if this persists, the driver hangs: reboot",),
    )


def started(done: Completed) -> bool:
    """Whether the program is installed: it ran, well or not."""
    return done.returncode is not None or "could not be started" not in (done.problem or "")


def tool_fault(name: str, done: Completed) -> str:
    """For a vendor's tool that ran and named no GPU."""
    if done.problem is not None:
        return f"{done.problem}; if this persists, the driver hangs: reboot"
    lines = (clean(line).strip() for line in f"{done.stdout}\n{done.stderr}".splitlines())
    first = next((line for line in lines if line), "it prints nothing")[:_LINE]
    return f"`{name}` lists no GPU that modelscan can read (status {done.returncode}): {first}"
