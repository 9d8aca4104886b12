"""The installed backend that a plan runs in, or the leave to install it."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.model import Candidate, Hardware, Installation
from modelscan.operations.backends import choose, device_of, not_installed
from modelscan.operations.events import Ask


def installation_or_leave(
    chosen: Candidate, hardware: Hardware, installations: Sequence[Installation], *, ask: Ask
) -> Installation | None:
    """The one to use; None where none fits and the user said that it may be installed.

    Raises BackendNotInstalled without that leave.
    """
    device = device_of(hardware) if chosen.gpu_indices else "cpu"
    found = choose(installations, chosen.backend, chosen.backend_version, device=device)
    if found is not None:
        return found
    missing = not_installed(chosen.backend, chosen.backend_version, "or say --yes to have it installed")
    if ask(f"{chosen.backend} is not installed for {device}. Install it in an environment of its own?") is not True:
        raise missing
    return None
