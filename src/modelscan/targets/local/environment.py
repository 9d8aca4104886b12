"""The environment of a supervisor and its backend: an allow-list of the user's, then the deployment's own.

Left out on purpose: tokens of hubs (weights are there before a backend starts), visibility of GPUs (the plan sets it),
`PYTHON*` (it would reach into the backend's own environment), proxies (they may hold a password).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from modelscan.backends.base import KeyHandover
from modelscan.backends.registry import BACKENDS
from modelscan.deployments.record import Record
from modelscan.errors import ConfigInvalid
from modelscan.system.processes.identity import KEEPS_TAG, STATE_TAG, SUPERVISOR_TAG, TAG

_NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
        *("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_XET_CACHE", "HF_ENDPOINT", "HF_HUB_OFFLINE"),
        *("TRANSFORMERS_OFFLINE", "TRANSFORMERS_CACHE", "MODELSCOPE_CACHE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    }
)
# For weights in S3: credentials, region and server are found where AWS's own tools find them, by these or in ~/.aws.
_S3_PREFIXES = ("AWS_", "RUNAI_STREAMER_")
_S3_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PREFIXES = ("LC_", "XDG_", "CUDA_", "HIP_", "ROCR_", "ROCM_", "HSA_")
_VISIBILITY = frozenset({"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"})


def supervisor_environment(
    record: Record, environ: Mapping[str, str], weights_environment: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """What the supervisor is started with. `weights_environment` tells the backend where its weights are.

    Raises ConfigInvalid when the key's variable is not set, Usage when the backend cannot take that key.
    """
    values = {name: value for name, value in environ.items() if _allowed(name)}
    values |= record.pinned.env
    if record.pinned.source == "s3":
        own = {name: value for name, value in environ.items() if name.startswith(_S3_PREFIXES)}
        streamer = {name: value for name, value in own.items() if name.startswith("RUNAI_")}
        values |= {**own, **weights_environment, **streamer}
    if record.spec.api_key_env is not None:
        key = _key(record, record.spec.api_key_env, environ)
        BACKENDS[record.pinned.backend].runs.hand_key(key)  # it may refuse
        values[record.spec.api_key_env] = key
    return values | {SUPERVISOR_TAG: record.id}


def backend_environment(record: Record, environ: Mapping[str, str], *, state: str) -> dict[str, str]:
    """What the supervisor, started with `environ`, hands to its backend: the same with the tag, and the key as the
    backend wants it instead of as the user keeps it.
    """
    ours = {SUPERVISOR_TAG, record.spec.api_key_env}
    values = {name: value for name, value in environ.items() if name not in ours}
    handed = _handover(record, environ).env
    return {**values, **handed, **KEEPS_TAG, TAG: record.id, STATE_TAG: state}


def key_files(record: Record, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The files, by name and content, in which the backend looks for its key."""
    return _handover(record, environ).files


def secrets_of(record: Record, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What must not reach the log: the endpoint's key and the S3 credentials."""
    names = (record.spec.api_key_env, *(_S3_SECRETS if record.pinned.source == "s3" else ()))
    return tuple(value for name in names if name and (value := environ.get(name)))


def _handover(record: Record, environ: Mapping[str, str]) -> KeyHandover:
    key = environ.get(record.spec.api_key_env) if record.spec.api_key_env else None
    return BACKENDS[record.pinned.backend].runs.hand_key(key) if key else KeyHandover()


def _allowed(name: str) -> bool:
    return name not in _VISIBILITY and (name in _NAMES or name.startswith(_PREFIXES))


def _key(record: Record, variable: str, environ: Mapping[str, str]) -> str:
    value = environ.get(variable) or record.pinned.env.get(variable)
    if not value:
        raise ConfigInvalid(
            f"the environment variable `{variable}`, which holds the API key of `{record.name}`, is not set",
            hints=[f"export {variable}=…", f"modelscan start {record.name}"],
            details={"variable": variable},
        )
    return value


def own_environment() -> dict[str, str]:
    """The environment of this supervisor process, made by `supervisor_environment`."""
    return dict(os.environ)  # noqa: TID251  the supervisor reads no settings; this is what it was handed
