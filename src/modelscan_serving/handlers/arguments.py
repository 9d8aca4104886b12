"""The command line: where to listen, what to serve, what is allowed."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from modelscan_serving.handlers.checking import PROTOCOLS

_MIB = 1024 * 1024


class BadArguments(Exception):
    """One sentence."""


@dataclass(frozen=True, kw_only=True)
class ModelToServe:
    """One model. `handler` is the dotted path of a class, None: ours for the task; `sha256` is that of its file when it
    was agreed to. `options` are the entry's other keys, given to the class as they are.
    """

    names: tuple[str, ...]
    folder: str
    task: str
    handler: str | None = None
    sha256: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, float] = field(default_factory=dict)
    thread_safe: bool | None = None
    max_parallelism: int | None = None
    owned_by: str | None = None
    supports_structured_outputs: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Serving:
    """All that the server is told. `key` is what callers must have; None where all are let in."""

    host: str
    port: int
    models: tuple[ModelToServe, ...]
    device: str = "cpu"
    dtype: str = "auto"
    key: str | None = None
    import_root: str | None = None
    remote_images: bool = False
    trust_remote_code: bool = False
    most_body_bytes: int = 64 * _MIB
    most_waiting: int = 256


def read_arguments(words: Sequence[str]) -> Serving:
    """Raises BadArguments; ends the process for `--help` and for what argparse refuses."""
    parser = argparse.ArgumentParser(prog="handlers", description=__doc__, allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", action="append", default=[], metavar="JSON", help="names, folder, task; repeatable")
    parser.add_argument("--file", type=Path, metavar="JSON", help="a document with the key `models`")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--key-env", metavar="NAME", help="the variable that holds the key")
    parser.add_argument("--key-file", type=Path, metavar="FILE")
    parser.add_argument("--import-root", metavar="FOLDER", help="where classes of your own are found")
    parser.add_argument("--remote-images", action="store_true")
    parser.add_argument("--trust-remote-code", action="store_true")
    parser.add_argument("--max-body-mib", type=int, default=64)
    parser.add_argument("--max-queue", type=int, default=256)
    parser.add_argument("--version", action="version", version=_version())
    given = parser.parse_args(words)
    documents = [_parsed(text, "--model") for text in given.model]
    if given.file is not None:
        documents += _parsed(_text(given.file), str(given.file)).get("models", [])
    if not documents:
        raise BadArguments("there is nothing to serve: give --model or --file")
    models = tuple(_model(document) for document in documents)
    names = [name for model in models for name in model.names]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadArguments(f"two models are called `{twice[0]}`")
    return Serving(
        host=given.host,
        port=given.port,
        models=models,
        device=given.device,
        dtype=given.dtype,
        key=_key(given.key_env, given.key_file),
        import_root=given.import_root,
        remote_images=given.remote_images,
        trust_remote_code=given.trust_remote_code,
        most_body_bytes=given.max_body_mib * _MIB,
        most_waiting=given.max_queue,
    )


def _version() -> str:
    """Of what the environment is built around."""
    for name in ("transformers", "faster-whisper"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return f"{name} {metadata.version(name)}"
    return "unknown"


def _key(variable: str | None, file: Path | None) -> str | None:
    """Taken out of the environment, so that neither a model's code nor a child inherits it. Without the key that was
    named nobody is let in: it raises.
    """
    if variable is None and file is None:
        return None
    key = os.environ.pop(variable, "") if variable is not None else _text(file or Path()).strip()
    if not key:
        raise BadArguments(f"no key in `{variable or file}`")
    return key


def _model(document: Any) -> ModelToServe:
    if not isinstance(document, dict):
        raise BadArguments("a model is a JSON object")
    known = set(ModelToServe.__dataclass_fields__)
    if unknown := sorted(set(document) - known):
        raise BadArguments(f"a model has no key `{unknown[0]}`")
    names = document.get("names") or ()
    if not names or not all(isinstance(name, str) and name for name in names):
        raise BadArguments("a model needs `names`")
    if document.get("task") not in PROTOCOLS:
        raise BadArguments(f"the task of `{names[0]}` is one of {', '.join(PROTOCOLS)}")
    if not isinstance(document.get("folder"), str):
        raise BadArguments(f"`{names[0]}` needs a `folder`")
    return ModelToServe(**{**document, "names": tuple(names)})


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadArguments(f"{where}: {error}") from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadArguments(f"`{file}`: {error.strerror}") from error


def serving_of(words: Sequence[str]) -> Serving:
    """The same for a program: a bad argument ends it with one line."""
    try:
        return read_arguments(words)
    except BadArguments as error:
        sys.exit(f"error: {error}")
