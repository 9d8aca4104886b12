"""From a row and what is seen of its commands to what the model is now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelscan.dataclasses import dataclass, replace
from modelscan.model.words import Status
from modelscan.playground.record import InferencePhase, Phase, PlaygroundModel
from modelscan.playground.transitions import not_pulled, pulled

# A command that is killed over and over, as for want of memory, is begun again this often.
_MOST_TRIES = 10
_WAITING, _ASKING = "Waiting for the download to begin", "Asking the hub for its files"
_PHASES: Mapping[Status, InferencePhase] = {
    "pending": "Pending",
    "pulling": "Pending",
    "starting": "Pending",
    "ready": "Running",
    "unhealthy": "Running",
    "stopping": "Stopped",
    "stopped": "Stopped",
    "failed": "Failed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenCommand:
    """The newest job of its kind for a model or an inference, of `tries`; `commit` is of a finished pull, `again_at`
    when one that failed is begun again.
    """

    status: Literal["none", "running", "done", "failed", "interrupted", "cancelled"] = "none"
    message: str = ""
    fraction: float | None = None
    cause: str = ""
    commit: str = ""
    again_at: str = ""
    tries: int = 0

    @property
    def is_lost(self) -> bool:
        """It never began, or ended without a word, and may be begun again."""
        return self.status in {"none", "interrupted"} and self.tries < _MOST_TRIES


NO_COMMAND = SeenCommand()


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenInference:
    """`deployment` is the status of the one of that name, None where there is none; `removed`: there was one. Of a
    remote model `published` says that the gateway's table has it, `answers` that a gateway runs.
    """

    command: SeenCommand = NO_COMMAND
    deployment: Status | None = None
    removed: bool = False
    cause: str = ""
    published: bool = False
    answers: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseNow:
    """As it is shown."""

    phase: Phase
    message: str
    inference_phase: InferencePhase | Literal[""] = ""


def after_pull(model: PlaygroundModel, seen: SeenCommand, at: str) -> PlaygroundModel:
    """The row with how its pull ended, if it has."""
    if model.phase != "Pending" or model.stage != "kept":
        return model
    match seen.status:
        case "done":
            return pulled(model, seen.commit, at)
        case "failed" if not seen.again_at:
            return not_pulled(model, seen.cause, at)
        case "cancelled":
            return not_pulled(model, "the download was cancelled", at)
        case "interrupted" if not seen.is_lost:
            return not_pulled(model, f"the download was killed {seen.tries} times: {seen.cause}", at)
    return model


def lacks_pull(model: PlaygroundModel, seen: SeenCommand, at: str) -> bool:
    """Whether a pull is to be begun, or begun again."""
    is_due = bool(seen.again_at) and seen.again_at <= at
    return model.stage == "kept" and model.phase == "Pending" and (seen.is_lost or is_due)


def lacks_inference(model: PlaygroundModel, seen: SeenInference) -> bool:
    """Whether an inference was claimed, and what leads to it never began or was cut off."""
    if model.stage != "kept" or not model.inference:
        return False
    if model.access_mode == "remote_api":
        return not seen.published
    if seen.deployment is None:
        return seen.command.is_lost and not seen.removed
    return seen.command.status == "interrupted" and seen.command.is_lost and seen.deployment in {"failed", "stopped"}


def phase_now(model: PlaygroundModel, pull: SeenCommand, inference: SeenInference) -> PhaseNow:
    """What is shown of it."""
    message = model.message or (_WAITING if model.phase == "Pending" else "")
    found = PhaseNow(phase=model.phase, message=message, inference_phase=_inference_phase(model, inference))
    if model.phase == "Pending" and pull.status == "running":
        return replace(found, phase="Pulling", message=_progress(pull))
    if model.phase == "Pending" and pull.again_at:
        return replace(found, message=f"{pull.cause}; it is tried again at {pull.again_at}")
    if found.inference_phase == "Failed":
        cause = inference.cause or inference.command.cause
        return replace(found, message=f"inference failed: {cause}" if cause else "inference failed")
    return found


def _inference_phase(model: PlaygroundModel, seen: SeenInference) -> InferencePhase | Literal[""]:
    if not model.inference:
        return "Stopped" if model.started else ""
    if model.access_mode == "remote_api":
        return "Running" if seen.published and seen.answers else "Pending"
    return _of_deployment(seen)


def _of_deployment(seen: SeenInference) -> InferencePhase:
    if seen.command.status == "running":
        return "Pending"  # of one that is ready too: the command makes its routes last, and the gateway may not know it
    if seen.deployment is not None:
        return _PHASES[seen.deployment]
    match seen.command.status:
        case _ if seen.removed:  # by somebody in a shell, perhaps under a command that then failed
            return "Stopped"
        case "failed":
            return "Failed"
        case "done" | "cancelled":
            return "Stopped"
    return "Pending" if seen.command.is_lost else "Failed"


def _progress(pull: SeenCommand) -> str:
    """The command's own words, with how far it is where they do not say it; it has none before it knows the files."""
    if not pull.message:
        return _ASKING
    if pull.fraction is None or "%" in pull.message:
        return pull.message
    return f"{pull.message} ({pull.fraction:.0%})".strip()
