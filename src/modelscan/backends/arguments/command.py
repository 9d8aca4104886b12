"""What all backends' command lines share: a candidate's arguments, the environment, the choice of GPUs."""

from __future__ import annotations

from collections.abc import Collection

from modelscan.backends.arguments.allowed import Allowed
from modelscan.backends.arguments.placeholders import filled
from modelscan.backends.arguments.variables import check_env
from modelscan.backends.arguments.words import read_arguments
from modelscan.backends.base import Launch
from modelscan.model import Candidate

_QUIET = {"DO_NOT_TRACK": "1"}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def valued(*pairs: tuple[str, object | None]) -> list[str]:
    """`--name value` for every pair that has a value."""
    return [word for name, value in pairs if value is not None for word in (name, str(value))]


def above_one(count: int) -> int | None:
    return count if count > 1 else None


def is_streamed(location: str) -> bool:
    """Whether the backend reads the weights from where they are, with a reader of its own."""
    return location.startswith("s3://")


def is_repo(location: str) -> bool:
    return not location.startswith("/") and not is_streamed(location)


def given(candidate: Candidate, name: str) -> bool:
    """Whether the user gave an argument."""
    return any(argument.name == name for argument in read_arguments(candidate.extra_args))


def added(candidate: Candidate, launch: Launch, allowed: Allowed) -> tuple[str, ...]:
    """What the user added, with what stands for the plan's own choices filled in. Raises Usage for what is refused."""
    return allowed.check(filled(candidate.extra_args, candidate, launch))


def without_given(candidate: Candidate) -> list[str]:
    """The catalog's arguments for the model, except those that the user overrides."""
    return [word for word in candidate.model_args if not given(candidate, word.partition("=")[0])]


def environment(
    candidate: Candidate, launch: Launch, own: dict[str, str], variables: Collection[str]
) -> dict[str, str]:
    """The variables to add. `own` are the backend's, `variables` those that it may be given beside the shared; what
    kernels need and the user added comes last. Raises Usage.
    """
    check_env(candidate.extra_env, variables, candidate.allowed_env)
    offline = {} if is_repo(launch.location) else _OFFLINE
    return {**_QUIET, **offline, **_gpus(candidate, launch), **own, **candidate.kernel_env, **candidate.extra_env}


def _gpus(candidate: Candidate, launch: Launch) -> dict[str, str]:
    """Indices are physical, so CUDA must count as the bus does; a part of a GPU (MIG) has no index of its own."""
    if launch.device == "cpu":
        return {"CUDA_VISIBLE_DEVICES": ""}
    parts = [uuid for uuid in candidate.gpu_uuids if uuid.startswith("MIG-")]
    chosen = ",".join(parts or map(str, candidate.gpu_indices))
    if not chosen:
        return {}
    if launch.device == "rocm":
        return {"HIP_VISIBLE_DEVICES": chosen}
    return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": chosen}
