"""`models.yaml` and `models.local.yaml`: a list of models in our own words, the shipped one and the user's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from modelscan.catalog.sources.record import Parsed, SourceRecord, verbatim
from modelscan.catalog.sources.stated import quantization_word
from modelscan.model import HUB_SOURCES, Source, Task, Weights
from modelscan.parsing import fields
from modelscan.parsing.modest import is_modest
from modelscan.parsing.problems import NotThisFormat, Skipped
from modelscan.parsing.text import clean_tree
from modelscan.parsing.yaml_text import load
from modelscan.weights.address import is_s3

_REPO_KEYS: dict[str, Source] = {
    "local_path": "local_path",
    "hf_repo_id": "huggingface",
    "model_scope_model_id": "modelscope",
}
_TASKS = frozenset(get_args(Task))
_UNDERSTOOD = frozenset({
    "name", "aliases", "task", "license", "tags", "parameters", "active_parameters", "context", "family",
    "family_default", "variants", "quantization", "supports_structured_outputs", *_REPO_KEYS,
})  # fmt: skip


def parse(payload: bytes | str, *, source: str) -> Parsed:
    """Records of a list of models. Raises NotThisFormat."""
    return parse_document(load(payload), source=source)


def parse_document(document: object, *, source: str, place: Callable[[str], str] = str) -> Parsed:
    """As `parse`, for a file that was loaded already. `place` makes a written `local_path` absolute,
    unless it is an address in S3.
    """
    listed = document.get("models", ()) if isinstance(document, dict) else None
    if listed is None and isinstance(document, dict):
        return Parsed()  # `models:` with nothing below it yet
    if not isinstance(listed, list):
        raise NotThisFormat("there is no list under `models:`")
    parsed = Parsed()
    for position, entry in enumerate(listed):
        label = f"entry {position + 1}"
        if not isinstance(entry, dict) or not is_modest(entry):
            parsed.skipped.append(Skipped(label, "the entry is not a mapping of a modest size"))
            continue
        name = fields.text(entry.get("name")) or fields.text(entry.get("hf_repo_id"))
        if name is None:
            parsed.skipped.append(Skipped(label, "the entry has neither `name` nor `hf_repo_id`"))
            continue
        if wrong := next((key for item in (entry, *_variants(entry)) for key in _hub_keys(item)), None):
            parsed.skipped.append(Skipped(label, f"`{wrong}` of `{name}` is not a repo, `owner/name`"))
            continue
        parsed.records.append(_record(name, entry, source, place))
    return parsed


def _record(name: str, entry: Mapping[str, Any], source: str, place: Callable[[str], str]) -> SourceRecord:
    understood = _UNDERSTOOD if _task(entry) else _UNDERSTOOD - {"task"}
    return SourceRecord(
        source=source,
        key=name,
        raw=verbatim(entry),
        names=(name, *fields.texts(entry.get("aliases", ()))),
        model_id=name.lower(),
        weights=tuple(weights for item in (entry, *_variants(entry)) for weights in _weights(item, place)),
        facts={key: value for key, value in _facts(name, entry) if value is not None and value != ()},
        extra=clean_tree({key: value for key, value in entry.items() if key not in understood}),
        family_default=fields.text(entry.get("family_default")),
    )


def _variants(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in fields.items(entry.get("variants")) if isinstance(item, dict)]


def _hub_keys(entry: Mapping[str, Any]) -> Iterator[str]:
    """Keys that should name a repo at a hub and do not."""
    for key, source in _REPO_KEYS.items():
        if source in HUB_SOURCES and entry.get(key) is not None and fields.repo(entry[key]) is None:
            yield key


def _task(entry: Mapping[str, Any]) -> str | None:
    task = fields.text(entry.get("task"))
    return task if task in _TASKS else None


def _weights(entry: Mapping[str, Any], place: Callable[[str], str]) -> Iterator[Weights]:
    quantization = quantization_word(entry.get("quantization"))
    for key, source in _REPO_KEYS.items():
        if repo := fields.text(entry.get(key)):
            found: Source = "s3" if source == "local_path" and is_s3(repo) else source
            repo_id = place(repo) if found == "local_path" else repo
            yield Weights(source=found, repo_id=repo_id, quantization=quantization, official=True)


def _facts(name: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "name", name if "/" not in name else None
    yield "task", _task(entry)
    yield "license", fields.text(entry.get("license"))
    yield "tags", fields.texts(entry.get("tags", ()))
    yield "family", fields.text(entry.get("family"))
    for key in ("parameters", "active_parameters"):
        yield key, fields.parameters(entry.get(key))
    yield "limits.context", fields.context(entry.get("context"))
    yield "capabilities.structured_output", fields.flag(entry.get("supports_structured_outputs"))
