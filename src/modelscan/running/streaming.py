"""Weights that the backend reads from S3 itself: checks before the start, and its environment."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan import dataclasses
from modelscan.errors import ModelscanError, Usage
from modelscan.hubs.s3.describer import reading_environment
from modelscan.model import Deployment, WeightsDescription
from modelscan.model.events import Event, Report
from modelscan.selecting.context import Context
from modelscan.units import format_bytes
from modelscan.weights.address import parse_s3


def check_streamed(
    context: Context, weights: WeightsDescription, *, trust_remote_code: bool = False
) -> WeightsDescription:
    """The same weights fully described, once they passed all checks for reading them from S3.

    Raises Usage (code, which may change between the question and the start), ModelscanError (not what the backend
    would read as these weights), and what asking S3 raises.
    """
    address = parse_s3(weights.repo_id)
    way_out = [f"modelscan pull {address} --to ./{address.name}", f"modelscan deploy ./{address.name}"]
    if trust_remote_code:
        raise Usage(
            "`--trust-remote-code` does not work with weights that stay in S3",
            cause=["that code is not pinned: it can change after you allow it"],
            hints=way_out,
            details={"repo_id": weights.repo_id},
        )
    hub = context.describer("s3")
    revision = weights.commit or weights.revision
    known, listing = hub.describe(weights.repo_id, revision), hub.listing(weights.repo_id, revision)
    read = sum(file.size_bytes for file in listing.files if _is_read(file.path))
    if read != known.size_bytes:
        raise ModelscanError(
            f"the backend cannot read `{address}` directly",
            cause=[
                "its reader loads every safetensors file there and none in subfolders: "
                f"{format_bytes(read)} of them for a model of {format_bytes(known.size_bytes)}"
                if read
                else "its reader loads only safetensors files, and there are none"
            ],
            hints=way_out,
            details={"repo_id": weights.repo_id, "read_bytes": read, "size_bytes": known.size_bytes},
        )
    return dataclasses.replace(known, official=weights.official, verified=weights.verified)


def _is_read(path: str) -> bool:
    """runai-model-streamer 0.17.0, `list_safetensors`: without the index, and not recursive."""
    return path.endswith(".safetensors") and "/" not in path


def weights_environment(context: Context, deployment: Deployment, report: Report) -> Mapping[str, str]:
    """The environment that tells the backend where its weights are, besides the user's own variables; S3 only.

    They are looked at again: what has changed since the plan is told, what is gone or broken is raised, as by
    `check_streamed`.
    """
    if deployment.source != "s3" or deployment.repo_id is None:
        return {}
    known = check_streamed(context, WeightsDescription(source="s3", repo_id=deployment.repo_id, location=""))
    if known.commit != deployment.revision:
        report(
            Event(
                "warning",
                f"the objects at `{deployment.repo_id}` have changed since `{deployment.name}` was planned; to plan "
                f"again: modelscan deploy {deployment.repo_id} --name {deployment.name} --replace",
                {"planned": deployment.revision, "found": known.commit},
            )
        )
    return reading_environment(parse_s3(deployment.repo_id))
