"""The installed backend that a plan runs in: found, or installed after asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan.model import Candidate, Hardware, Installation
from modelscan.operations.backends import choose, device_of, install_backend, not_installed
from modelscan.operations.context import Context
from modelscan.operations.events import Event, Report

Ask = Callable[[str], bool | None]


def ready_installation(
    context: Context,
    chosen: Candidate,
    hardware: Hardware,
    installations: Sequence[Installation],
    *,
    report: Report,
    ask: Ask,
) -> Installation:
    """The one to use; where none fits, the user is asked, and nobody to ask means BackendNotInstalled."""
    device = device_of(hardware) if chosen.gpu_indices else "cpu"
    found = choose(installations, chosen.backend, chosen.backend_version, device=device)
    if found is not None:
        return found
    missing = not_installed(chosen.backend, chosen.backend_version, "or say --yes to have it installed")
    if ask(f"{chosen.backend} is not installed for {device}. Install it in an environment of its own?") is not True:
        raise missing
    return install_backend(
        context,
        chosen.backend,
        chosen.backend_version,
        device=device,
        on_line=lambda line: report(Event("install", line)),
    )
