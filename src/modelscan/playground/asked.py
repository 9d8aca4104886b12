"""What a request for a new model asks for."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.playground.record import AccessMode


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedS3:
    """`bucket` may be followed by a prefix: `models/llms`. The keys go into the secret store and nowhere else."""

    endpoint: str = ""
    bucket: str
    region: str = ""
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedModel:
    """Empty where the request says nothing. A local one is brought to `s3` where that is set, else to `local_path`."""

    access_mode: AccessMode
    url: str
    token: str = ""
    display_name: str = ""
    description: str = ""
    icon: str = ""
    label: str = ""
    tags: tuple[str, ...] = ()
    local_path: str = ""
    s3: AskedS3 | None = None
    cpu: str = ""
    memory: str = ""
    gpu: str = ""
