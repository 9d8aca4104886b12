"""The installed backend that a plan runs in, or permission to install it."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.base import STREAMER
from modelscan.backends.registry import BACKENDS
from modelscan.errors import BackendNotInstalled
from modelscan.model import Candidate, Hardware, Installation
from modelscan.model.events import Ask
from modelscan.selecting.installations import choose, device_of, no_reader, not_installed


def _none_with_all(chosen: Candidate, others: Sequence[Installation]) -> BackendNotInstalled:
    both = " and ".join(chosen.libraries)
    return BackendNotInstalled(
        f"no environment of `{chosen.backend}` here has both {both}",
        cause=["models of one process share its environment", *(f"`{item.path}` has one of them" for item in others)],
        hints=[
            "serve them in processes of their own",
            "or name an environment that has both: modelscan config set backend.dirs /path",
        ],
        details={"backend": chosen.backend, "libraries": list(chosen.libraries)},
    )


def installation_or_leave(
    chosen: Candidate, hardware: Hardware, installations: Sequence[Installation], *, ask: Ask
) -> Installation | None:
    """The one to use; None where none fits, or it lacks what reads from S3, and the user said that it may be installed.

    Raises BackendNotInstalled without that leave.
    """
    device = device_of(hardware) if chosen.gpu_indices else "cpu"
    streamed = chosen.source == "s3"
    found = choose(
        installations,
        chosen.backend,
        chosen.backend_version,
        device=device,
        reader=streamed,
        libraries=chosen.libraries,
    )
    yes = "or add --yes to install it"
    if found is None:
        reader = ", with support for weights in S3" if streamed else ""
        others = [item for item in installations if item.backend == chosen.backend]
        variant = BACKENDS[chosen.backend].variant_with(chosen.libraries)
        if len(chosen.libraries) > 1:
            raise _none_with_all(chosen, others)
        missing = not_installed(chosen.backend, chosen.backend_version, yes, variant=variant, others=others)
        what = f"{chosen.backend} for {variant}" if variant else chosen.backend
        question = f"{what} is not installed for {device}. Install it in an isolated environment{reader}?"
    elif streamed and STREAMER not in found.requirements:
        missing = no_reader(found, *([yes] if found.managed else []))
        question = f"{chosen.backend} cannot read weights from S3. Add the reader to its environment (50 MB)?"
        if not found.managed:
            raise missing
    else:
        return found
    if ask(question) is not True:
        raise missing
    return None
