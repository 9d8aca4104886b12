"""A model as answers have it: the names and the spelling that clients of the Playground API know. Pure."""

from __future__ import annotations

import json
from typing import Any

from modelscan.playground.record import PlaygroundModel, S3Bucket
from modelscan.playground.settling import PhaseNow


def shown(model: PlaygroundModel, now: PhaseNow) -> dict[str, Any]:
    """Texts are empty where there is nothing to say."""
    download = "s3" if model.s3 is not None else "local"
    return {
        "id": model.id,
        "displayName": model.display_name,
        "description": model.description,
        "icon": model.icon,
        "label": model.label,
        "tags": ",".join(model.tags),
        "version": model.version,
        "sourceURL": model.source,
        "accessMode": model.access_mode,
        "sourceToken": model.id if model.has_token else "",
        "downloadType": download if model.access_mode == "local" else "",
        "localPath": model.local_path,
        "s3Config": "" if model.s3 is None else _bucket(model.s3),
        "cpu": model.cpu,
        "memory": model.memory,
        "gpu": model.gpu,
        "phase": now.phase,
        "message": now.message,
        "inferenceID": model.inference,
        "inferencePhase": now.inference_phase,
        "createdAt": model.created_at,
        "updatedAt": model.updated_at,
        "deletionTime": model.deletion_time,
        "isDeleted": model.stage in {"deleting", "deleted"},
    }


def _bucket(s3: S3Bucket) -> str:
    """What says where it lies; keys are in the secret store."""
    found = {"endpoint": s3.endpoint, "bucket": s3.bucket, "region": s3.region, "prefix": s3.prefix}
    return json.dumps(found, ensure_ascii=False)
