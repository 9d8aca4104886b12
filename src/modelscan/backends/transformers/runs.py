"""The handlers' server: a JSON document for each of its models, which says what an entry says of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from modelscan.backends.arguments.allowed import Allowed
from modelscan.backends.arguments.command import added, environment, valued
from modelscan.backends.arguments.variables import check_env
from modelscan.backends.arguments.words import read_arguments
from modelscan.backends.base import CommandLine, KeyHandover, Launch, Served
from modelscan.backends.capabilities import Runs
from modelscan.backends.transformers.probes import PROGRAM, SPEECH, WHOLE
from modelscan.model import Candidate, Device, Handling, Task

_TASKS: frozenset[Task] = frozenset({"chat", "embed", "rerank", "speech-to-text", "text-to-image"})
_CTRANSLATE2 = "ctranslate2"
_POOLINGS = frozenset({"mean", "cls", "last_token"})
_KEY_FILE = "key.txt"
# What entries say of a model, each in one word among its arguments; they end in the model's document.
_DEFAULTS, _POOLING, _HANDLING = "--defaults", "--pooling", "--handling"
# The class of a user's own, once it was agreed to: where it is found, and what its file was then.
IMPORT_ROOT, SHA256 = "--import-root", "--handler-sha256"
# While threads of OpenMP wait for one another they would use up the processor: six seconds of speech took 51 on two
# cores that others used too. Progress bars would make one endless line of the log.
_OWN_ENV = {"OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1"}

_ALLOWED = Allowed(
    backend="Transformers",
    switches=frozenset({"--remote-images"}),
    valued=frozenset({"--max-body-mib", "--max-queue"}),
    choices={_POOLING: _POOLINGS},
)


class TransformersRuns(Runs):
    s3_problem = "its libraries read folders"
    divides = False
    several = True
    formats = frozenset({"safetensors", "pytorch", _CTRANSLATE2})
    libraries: Mapping[str, str] = {"safetensors": WHOLE, "pytorch": WHOLE, _CTRANSLATE2: SPEECH}
    computes: Mapping[str, Mapping[Device, tuple[str, ...]]] = {_CTRANSLATE2: {"cpu": ("INT8", "FP32")}}
    complete: frozenset[Task] = frozenset({"speech-to-text"})

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        given = added(candidate, launch, _ALLOWED)
        said = _said(candidate.model_args)
        said |= {item.name: item.values[0] for item in read_arguments(given) if item.name == _POOLING}
        rest = [word for item in read_arguments(given) if item.name != _POOLING for word in item.words]
        argv = [
            launch.program or PROGRAM,
            *valued(
                ("--host", launch.host),
                ("--port", launch.port),
                ("--device", "cpu" if launch.device == "cpu" else "cuda"),
                ("--dtype", candidate.dtype),
                (IMPORT_ROOT, _import_root(launch, said)),
                ("--key-file", _KEY_FILE if launch.api_key_env is not None else None),
            ),
            *(["--trust-remote-code"] if candidate.trust_remote_code else []),
            *rest,
            *(word for document in _documents(candidate, launch, said) for word in ("--model", _json(document))),
        ]
        return CommandLine(argv=tuple(argv), env=environment(candidate, launch, dict(_OWN_ENV), self.variables))

    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str], allowed: Collection[str] = ()) -> None:
        _ALLOWED.check(arguments)
        check_env(env, self.variables, allowed)

    def hand_key(self, key: str) -> KeyHandover:
        """In a file, which neither a class of the user's own nor a child inherits."""
        return KeyHandover(files={_KEY_FILE: f"{key}\n"})

    def serves(self, task: Task) -> bool:
        return task in _TASKS

    def words_of_the_model(self, task: Task, defaults: Mapping[str, float], pooling: str | None) -> tuple[str, ...]:
        words = [f"{_DEFAULTS}={_json(dict(defaults))}"] if defaults and task == "chat" else []
        return (*words, *([f"{_POOLING}={pooling}"] if pooling is not None and task == "embed" else []))

    def words_of_the_handling(self, handling: Handling) -> tuple[str, ...]:
        said = {
            "handler": handling.handler,
            "options": dict(handling.options) if handling.handler is not None else {},
            "thread_safe": handling.thread_safe,
            "max_parallelism": handling.max_parallelism,
            "owned_by": handling.owned_by,
            "supports_structured_outputs": handling.supports_structured_outputs,
        }
        kept = {name: value for name, value in said.items() if value not in (None, {})}
        return (f"{_HANDLING}={_json(kept)}",) if kept else ()

    def words_of_the_class(self, root: str, sha256: str) -> tuple[str, ...]:
        return f"{IMPORT_ROOT}={root}", f"{SHA256}={sha256}"


def _said(words: Sequence[str]) -> dict[str, str]:
    return {item.name: item.values[0] for item in read_arguments(words) if item.values}


def _import_root(launch: Launch, said: Mapping[str, str]) -> str | None:
    """Of all models that have a class of the user's own it is the same."""
    roots = (words.get(IMPORT_ROOT) for words in (said, *(_said(other.words) for other in launch.beside)))
    return next((root for root in roots if root is not None), None)


def _documents(candidate: Candidate, launch: Launch, said: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What the server is told of each model."""
    yield _document(
        Served(location=launch.location, served_model_names=launch.served_model_names, task=candidate.task), said
    )
    for other in launch.beside:
        yield _document(other, _said(other.words))


def _document(served: Served, said: Mapping[str, str]) -> dict[str, Any]:
    """A class of one's own is told the pooling only where its entry says it."""
    handling = json.loads(said.get(_HANDLING, "{}"))
    options = dict(handling.pop("options", {}))
    if _POOLING in said:
        options["pooling"] = said[_POOLING]
    document = {
        "names": list(served.served_model_names),
        "folder": served.location,
        "task": served.task,
        **handling,
        "sha256": said.get(SHA256),
        "options": options,
        "defaults": json.loads(said.get(_DEFAULTS, "{}")),
    }
    return {name: value for name, value in document.items() if value not in (None, {})}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


RUNS = TransformersRuns()
