"""What a probe of one vendor's GPUs brings home, and the time it may take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from modelscan.model import Gpu, GpuLink

# A driver that hangs must not hang us. Ten seconds: the tools of a sleeping or busy card need up to two.
PROBE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """`devices` before any visibility variable; `warnings` are problems with advice, for people.

    `answered` is False where the driver could not be asked, so that another way may be tried.
    """

    devices: tuple[Gpu, ...] = ()
    driver_version: str | None = None
    cuda_version: str | None = None
    rocm_version: str | None = None
    interconnect: str | None = None
    links: tuple[GpuLink, ...] = ()
    warnings: tuple[str, ...] = ()
    answered: bool = True


def within(seconds: float, ask: Callable[[], Detected], *, what: str) -> Detected:
    """The answer of `ask`, or a warning when it takes longer. A call into a driver cannot be stopped: it is left."""
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
        warnings=(f"{what} did not answer within {seconds:g} s; if it stays so, the driver hangs: reboot",),
    )
