"""GPUStack's catalogs: sets of models with the specs that GPUStack runs them by.

Two forms: since 2.0 a mapping with `model_sets` (anchors and `.hidden` keys are YAML's own business), before it a
list of sets whose templates are multiplied by sizes and quantizations. One file per hub; the order of specs means
"first match wins" and is kept.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from modelscan.backends.registry import BACKENDS
from modelscan.catalog.naming.words import GPUSTACK_TASKS
from modelscan.catalog.sources import standing
from modelscan.catalog.sources.record import Attached, Parsed, SourceRecord, verbatim
from modelscan.catalog.sources.stated import NPU_FORMAT, format_for, quantization_word
from modelscan.model import Source, Spec, Weights
from modelscan.parsing import fields
from modelscan.parsing.modest import is_modest
from modelscan.parsing.problems import NotThisFormat, Skipped
from modelscan.parsing.text import clean, clean_argument, clean_tree
from modelscan.parsing.yaml_text import load

NAME = standing.GPUSTACK.name
LICENSE = "Apache-2.0"
_Entry = Mapping[str, Any]
_UNITS = {"M": 10**6, "B": 10**9, "T": 10**12}
_REPO_KEYS: dict[str, Source] = {
    "huggingface_repo_id": "huggingface",
    "model_scope_model_id": "modelscope",
    "local_path": "local_path",
}
# Only llama.cpp's backend took single files, always GGUF.
_GGUF_KEYS = frozenset({"huggingface_filename", "model_scope_file_path"})
_MOST_SPECS = 2_000  # the largest set of GPUStack 0.7.1 stands for some fifty
_ROOT = "file"  # what a file says besides its sets: `draft_models`
_KNOWN = frozenset({
    "name", "description", "home", "icon", "categories", "capabilities", "size", "activated_size", "size_unit",
    "licenses", "release_date", "specs", "templates", "sizes", "quantizations",
})  # fmt: skip


def fetch(addresses: Sequence[str], get: Callable[[str], bytes], last: object) -> Parsed:  # noqa: ARG001  as every source
    """The sets of every file, one per hub."""
    parsed = Parsed()
    for address in addresses:
        parsed.extend(parse(get(address)))
    return parsed


def count(parsed: Parsed) -> int:
    return len(parsed.records)


def parse(payload: bytes | str) -> Parsed:
    """Records of one catalog file. Raises NotThisFormat when nothing in it is a set of models."""
    return parse_document(load(payload))


def parse_document(document: object, *, source: str = NAME) -> Parsed:
    """As `parse`, for a file that was loaded already; `source` is whose word the records are."""
    sets = fields.items(document.get("model_sets") if isinstance(document, dict) else document)
    parsed = Parsed()
    for position, entry in enumerate(sets):
        _add(parsed, position, entry, source)
    if not parsed.records:
        if not sets:
            raise NotThisFormat("no `model_sets` and no list of sets in it")
        raise NotThisFormat(f"no set in it can be read: {parsed.skipped[0].reason}")
    hub = parsed.records[0].key.partition(":")[0]
    for key, value in document.items() if isinstance(document, dict) else ():
        if key != "model_sets" and not str(key).startswith(".") and is_modest(value):
            place = f"{_ROOT}:{hub}:{clean(str(key))}"
            parsed.attached.append(Attached(source, place, verbatim({"value": value})))
    return parsed


def parse_entries(entries: Iterable[tuple[str, _Entry]]) -> Parsed:
    """Records of sets as an index keeps them."""
    parsed = Parsed()
    for position, (key, entry) in enumerate(entries):
        if key.startswith(f"{_ROOT}:"):
            parsed.attached.append(Attached(NAME, key, verbatim(entry)))
        else:
            _add(parsed, position, entry, NAME)
    return parsed


def _add(parsed: Parsed, position: int, entry: object, source: str) -> None:
    name = fields.text(entry.get("name")) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or name is None:
        parsed.skipped.append(Skipped(f"set {position + 1}", "a set without a name"))
        return
    if not is_modest(entry):
        parsed.skipped.append(Skipped(name, "the set is too large or nested too deep"))
        return
    if _products(entry) > _MOST_SPECS:
        parsed.skipped.append(Skipped(name, "the set stands for too many specs"))
        return
    expanded = list(_expand(name, entry)) if "templates" in entry else []
    if not expanded:
        expanded.append((name, entry.get("size"), fields.items(entry.get("specs"))))
    for label, size, specs in expanded:
        usable = [spec for spec in specs if isinstance(spec, dict) and _repo(spec)]
        if not usable:
            parsed.skipped.append(Skipped(label, "a set without a spec that names its weights"))
            continue
        parsed.records.append(_record(label, entry, size, usable, source))


_KNOWN_OF_SPECS = frozenset({
    "mode", "quantization", "backend", "backend_version", "backend_parameters", "env", "gpu_filters", "source",
    *_REPO_KEYS,
})  # fmt: skip


def _record(
    name: str, entry: Mapping[str, Any], size: object, specs: Sequence[Mapping[str, Any]], source: str
) -> SourceRecord:
    weights: dict[tuple[str, str], Weights] = {}
    for spec in specs:
        hub, repo = _repo(spec) or ("huggingface", "")
        weights.setdefault(
            (hub, repo.casefold()),
            Weights(
                source=hub,
                repo_id=repo,
                format="gguf" if _GGUF_KEYS & spec.keys() else _made_for(repo, specs),
                quantization=quantization_word(spec.get("quantization")),
                verified=False,
            ),
        )
    return SourceRecord(
        source=source,
        key=f"{next(iter(weights))[0]}:{name}",
        raw=verbatim(_one_form(entry, name, size, specs)),
        names=(name,),
        weights=tuple(weights.values()),
        specs=tuple(_spec(spec) for spec in specs),
        facts={key: value for key, value in _facts(name, entry, size) if value is not None and value != ()},
        extra=clean_tree({key: value for key, value in entry.items() if _is_unknown(key)}),
    )


_INTEGERS = frozenset({"INT8", "INT4"})


def _made_for(repo: str, specs: Sequence[Mapping[str, Any]]) -> str | None:
    """The format of files that are quantized for one kind of device; None where other devices are given them too."""
    own = [spec for spec in specs if (_repo(spec) or (None, None))[1] == repo]
    is_of_npus = [fields.mapping(spec.get("gpu_filters")).get("vendor") == "ascend" for spec in own]
    if all(is_of_npus) and {quantization_word(spec.get("quantization")) for spec in own} <= _INTEGERS:
        return NPU_FORMAT
    return next((found for spec in own if (found := format_for(fields.items(spec.get("backend_parameters"))))), None)


def _one_form(
    entry: Mapping[str, Any], name: str, size: object, specs: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The set word for word; one of the old form as the set of one size that it stands for."""
    if "templates" not in entry:
        return entry
    kept = {key: value for key, value in entry.items() if key not in {"templates", "sizes", "quantizations"}}
    return {**kept, "name": name, "size": size, "specs": specs}


def _facts(name: str, entry: Mapping[str, Any], size: object) -> Iterator[tuple[str, Any]]:
    unit = _UNITS.get(str(entry.get("size_unit", "B")).upper(), 10**9)
    capabilities = {item.casefold() for item in fields.texts(entry.get("capabilities", ()))}
    yield "name", name
    yield (
        "task",
        next(
            (GPUSTACK_TASKS[item] for item in fields.texts(entry.get("categories", ())) if item in GPUSTACK_TASKS), None
        ),
    )
    yield "license", next(iter(fields.texts(entry.get("licenses", ()))), None)
    yield "release_date", fields.date(entry.get("release_date"))
    yield "homepage", fields.text(entry.get("home"))
    yield "description", fields.text(entry.get("description"))
    icon = fields.text(entry.get("icon")) or ""
    yield "icon_url", icon if icon.startswith("https://") else None
    for field, value in (("parameters", size), ("active_parameters", entry.get("activated_size"))):
        yield field, fields.parameters(value, unit)
    yield "capabilities.tool_call", True if "tools" in capabilities else None
    yield "capabilities.reasoning", True if "reasoning" in capabilities else None
    if "vision" in capabilities:
        yield "capabilities.attachment", True
        yield "modalities.input", ("text", "image")
    for item in capabilities:
        kind, _, figure = item.partition("/")
        if kind in {"context", "max_tokens"}:
            yield f"limits.{'context' if kind == 'context' else 'output'}", _tokens(figure)


def _tokens(figure: str) -> int | None:
    """`128k` → 131072, `1m` → 1048576."""
    factor = {"k": 1024, "m": 1024**2}.get(figure[-1:], 1)
    try:
        return fields.context(round(float(figure.rstrip("km")) * factor))
    except (ValueError, OverflowError):
        return None


def _repo(spec: Mapping[str, Any]) -> tuple[Source, str] | None:
    for key, source in _REPO_KEYS.items():
        if repo := (fields.text if source == "local_path" else fields.repo)(spec.get(key)):
            return source, repo
    return None


def _spec(spec: Mapping[str, Any]) -> Spec:
    env = fields.mapping(spec.get("env"))
    return Spec(
        mode=fields.text(spec.get("mode")) or "standard",
        quantization=quantization_word(spec.get("quantization")),
        backend=_backend(spec),
        backend_version=fields.text(spec.get("backend_version")),
        repo_id=(_repo(spec) or (None, None))[1],
        parameters=tuple(
            clean_argument(item) for item in fields.items(spec.get("backend_parameters")) if _is_text(item)
        ),
        env={clean(str(key)): clean_argument(str(value)) for key, value in env.items()},
        gpu_filters=clean_tree(fields.mapping(spec.get("gpu_filters"))),
        extra=clean_tree({key: value for key, value in spec.items() if key not in _KNOWN_OF_SPECS}),
        source=NAME,
    )


def _backend(spec: Mapping[str, Any]) -> str | None:
    """`vLLM`, `vllm` and `SGLang` by our names, others in one spelling; before 2.0 `voxbox` had a hyphen."""
    backend = (fields.text(spec.get("backend")) or "").casefold().replace("vox-box", "voxbox")
    return _our_names().get(backend, backend) or None


@functools.cache
def _our_names() -> Mapping[str, str]:
    """Of the backends, by what GPUStack calls them."""
    return {item.about.gpustack.casefold(): name for name, item in BACKENDS.items() if item.about.gpustack}


def _is_unknown(key: object) -> bool:
    """Whether a key is neither ours to read nor one of the hidden ones that only hold anchors."""
    return key not in _KNOWN and not str(key).startswith(".")


def _is_text(item: object) -> bool:
    return isinstance(item, str)


def _products(entry: _Entry) -> int:
    """How many specs the templates of the old form stand for."""
    lists = [
        [fields.items(template.get(key, entry.get(key))) for key in ("sizes", "quantizations")]
        for template in map(fields.mapping, fields.items(entry.get("templates")))
    ]
    return sum((len(sizes) or 1) * (len(quantizations) or 1) for sizes, quantizations in lists)


def _expand(name: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, object, Sequence[Mapping[str, Any]]]]:
    """The old form: each size with the specs that its templates give for every quantization."""
    by_size: dict[str, list[Mapping[str, Any]]] = {}
    for template in fields.items(entry.get("templates")):
        if not isinstance(template, dict):
            continue
        sizes = fields.items(template.get("sizes", entry.get("sizes"))) or [None]
        quantizations = fields.items(template.get("quantizations", entry.get("quantizations"))) or [None]
        for size, quantization in itertools.product(sizes, quantizations):
            values = {"size": _written(size), "quantization": _written(quantization)}
            spec = {
                key: _fill(value, values) for key, value in template.items() if key not in {"sizes", "quantizations"}
            }
            by_size.setdefault(values["size"], []).append(spec | {"quantization": quantization})
    for size, specs in by_size.items():
        yield f"{name} {size}B" if size else name, fields.number(_number(size)), specs


def _written(value: object) -> str:
    """A size as GPUStack writes it into a repo name: `7` for 7.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _number(size: str) -> float | None:
    try:
        return float(size)
    except ValueError:
        return None


def _fill(value: object, values: Mapping[str, str]) -> object:
    """Named placeholders replaced; arguments hold JSON with braces, so never `str.format`."""
    if isinstance(value, str):
        for name, text in values.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    return [_fill(item, values) for item in value] if isinstance(value, list) else value
