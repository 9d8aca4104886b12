"""What a model's commands and the gateway are let in with. In the keyring, or in a file of mode 0600 that is named
after the model; never in its row, an answer, a log or the arguments of a command.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.playground.asked import AskedModel
from modelscan.playground.record import PlaygroundModel
from modelscan.storage.paths import Paths
from modelscan.storage.secrets import Secrets, own_secrets_file

_KEYS = ("accessKeyID", "secretAccessKey")


def keep_secrets(paths: Paths, model_id: str, asked: AskedModel) -> None:
    """Raises StorageFailed."""
    kept = _of(paths, model_id)
    found = {model_id: asked.token}
    if asked.s3 is not None:
        values = (asked.s3.access_key_id, asked.s3.secret_access_key)
        found |= {_named(model_id, key): value for key, value in zip(_KEYS, values, strict=True)}
    for name, value in found.items():
        if value:
            kept.put(name, value)


def forget_secrets(paths: Paths, model_id: str) -> None:
    kept = _of(paths, model_id)
    for name in (model_id, *(_named(model_id, key) for key in _KEYS)):
        kept.forget(name)


def token_of_model(paths: Paths, model: PlaygroundModel) -> str | None:
    return _of(paths, model.id).get(model.id) if model.has_token else None


def s3_variables(paths: Paths, model: PlaygroundModel) -> Mapping[str, str]:
    """The variables of AWS's tools by which this model's weights are reached, and by its keys only: what the user's own
    files and the machine's role say does not count.
    """
    if model.s3 is None:
        return {}
    kept = _of(paths, model.id)
    found = {
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), "/dev/null"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": kept.get(_named(model.id, "accessKeyID")) or "",
        "AWS_SECRET_ACCESS_KEY": kept.get(_named(model.id, "secretAccessKey")) or "",
        "AWS_ENDPOINT_URL": model.s3.endpoint,
        "AWS_REGION": model.s3.region,
        "AWS_DEFAULT_REGION": model.s3.region,
    }
    return {name: value for name, value in found.items() if value}


def without_s3(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nothing says who one is to S3, or where it is."""
    return {name: value for name, value in environ.items() if not name.startswith("AWS_") or name in _HARMLESS}


_HARMLESS = frozenset({"AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"})


def _of(paths: Paths, model_id: str) -> Secrets:
    return Secrets(own_secrets_file(paths, model_id))


def _named(model_id: str, key: str) -> str:
    return f"{model_id}.{key}"
