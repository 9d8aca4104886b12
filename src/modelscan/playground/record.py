"""The row of a model of the Playground API."""

from __future__ import annotations

import secrets
import string
from typing import Literal

from modelscan.dataclasses import dataclass
from modelscan.weights.address import S3Address

AccessMode = Literal["remote_api", "local"]
Phase = Literal["Pending", "Pulling", "Ready", "Failed"]
InferencePhase = Literal["Pending", "Running", "Stopped", "Failed"]
# `making`: nobody knows its id yet. `deleting`: gone for clients, and not everything of it is gone.
Stage = Literal["making", "kept", "deleting", "deleted"]

_LETTERS = string.ascii_lowercase + string.digits
_ID_LENGTH, _INFERENCE_LENGTH = 5, 6


def new_model_id() -> str:
    """`model-a3k9x`; the caller tries again where it is taken."""
    return "model-" + _random(_ID_LENGTH)


def new_inference_id(model_id: str) -> str:
    """`inf-model-a3k9x-xyz123`, which is the name of a deployment too."""
    return f"inf-{model_id}-{_random(_INFERENCE_LENGTH)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


@dataclass(frozen=True, kw_only=True, slots=True)
class S3Bucket:
    """Where weights go in S3; `prefix` is ours in the bucket. Keys of it are in `secrets`."""

    endpoint: str = ""
    bucket: str
    region: str = ""
    prefix: str

    @property
    def address(self) -> str:
        return str(S3Address(self.bucket, self.prefix))


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaygroundModel:
    """`source` is `owner/name`, or the address of an API as it was given; `served_as` the model's name there.

    `folder` is `local_path` without symbolic links. `cpu`, `memory` and `gpu` are quantities as they were given.
    `phase` is Pending until a pull has ended, whatever happens meanwhile. `inference` is the one that is wanted;
    `ending` are those that are to be taken away, `started` that there ever was one.
    """

    id: str
    stage: Stage = "making"
    access_mode: AccessMode
    source: str
    display_name: str
    description: str = ""
    icon: str = ""
    label: str = ""
    tags: tuple[str, ...] = ()
    has_token: bool = False
    local_path: str = ""
    folder: str = ""
    s3: S3Bucket | None = None
    cpu: str = ""
    memory: str = ""
    gpu: str = ""
    phase: Phase = "Pending"
    message: str = ""
    version: str = ""
    served_as: str = ""
    inference: str = ""
    ending: tuple[str, ...] = ()
    started: bool = False
    purge: bool = False
    created_at: str
    updated_at: str
    deletion_time: str | None = None

    @property
    def place(self) -> str:
        """Where its weights are brought: a folder, or an address in S3; empty for a remote one."""
        return self.s3.address if self.s3 is not None else self.folder
