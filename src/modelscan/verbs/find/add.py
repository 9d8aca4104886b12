"""`catalog add`: add a model to the user's catalogs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from modelscan.catalog.sources.entry_check import check
from modelscan.catalog.sources.local_files import parse_file
from modelscan.errors import Conflict, Usage
from modelscan.model.results import Added
from modelscan.parsing.modest import is_modest
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.regex import regex
from modelscan.parsing.yaml_text import load
from modelscan.selecting.context import Context
from modelscan.storage.files import write_atomic

_LARGEST_BYTES = 1024**2
_UNSAFE = regex(r"[^a-z0-9._-]+")
_EXAMPLE = """\
id = "mylab/mymodel-7b"
name = "MyModel 7B"
open_weights = true

[limit]
context = 32768

[[weights]]
url = "https://huggingface.co/mylab/MyModel-7B"
"""


def add_to_catalog(context: Context, file: Path, *, replace: bool = False) -> Added:
    """Check a file and write its model (or its list of models) into the user's `catalogs/`, in one step.

    TOML, YAML or JSON with one model in models.dev's form becomes TOML; a list (`models:`, GPUStack's `model_sets:`)
    is kept as it is. Raises Usage (no such file, or every problem in it), Conflict (another entry has
    its name and `replace` is not given).
    """
    payload = _read(file)
    document = _load(file, payload)
    folder = context.settings.paths.catalog_folder
    if isinstance(document, list) or (isinstance(document, Mapping) and {"models", "model_sets"} & document.keys()):
        return _add_list(folder, file, payload, replace=replace)
    if not isinstance(document, Mapping) or not document:
        raise _invalid(file, ["it contains neither a model nor a list of models"])
    return _add_model(folder, file, document, replace=replace)


def _add_model(folder: Path, file: Path, document: Mapping[str, Any], *, replace: bool) -> Added:
    entry = _without_nulls(document)
    entry.setdefault("id", entry.get("base_model") or file.stem)
    checked = check(entry)
    if checked.problems:
        raise _invalid(file, checked.problems)
    content = tomli_w.dumps(entry).encode()
    path = folder / f"{_file_name(entry['id'])}.toml"
    changed = _write(path, content, replace=replace, file=file)
    return Added(models=(entry["id"].lower(),), path=str(path), changed=changed, warnings=checked.warnings)


def _add_list(folder: Path, file: Path, payload: bytes, *, replace: bool) -> Added:
    if file.suffix not in {".yaml", ".yml"}:
        raise _invalid(file, ["a list of models is YAML: name the file `.yaml`"])
    parsed = parse_file(file)
    if parsed.skipped or not parsed.records:
        raise _invalid(file, [f"{key}: {reason}" for key, reason in parsed.skipped] or ["it contains no model"])
    path = folder / f"{_file_name(file.stem)}.yaml"
    changed = _write(path, payload, replace=replace, file=file)
    models = tuple(dict.fromkeys(record.model_id or record.weights[0].repo_id.lower() for record in parsed.records))
    return Added(models=models, path=str(path), changed=changed)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            payload = opened.read(_LARGEST_BYTES + 1)  # a device has no size, and may have no end
    except OSError as error:
        raise Usage(f"`{file}` cannot be read", cause=[error.strerror or str(error)]) from error
    if len(payload) > _LARGEST_BYTES:
        raise _invalid(file, [f"it is larger than {_LARGEST_BYTES} bytes"])
    return payload


def _load(file: Path, payload: bytes) -> Any:
    try:
        document = tomllib.loads(payload.decode()) if file.suffix == ".toml" else load(payload, strict=True)
    except (NotThisFormat, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _invalid(file, [str(error)]) from error
    if not is_modest(document):
        raise _invalid(file, ["it is nested too deep or has too many values"])
    return document


def _without_nulls(value: Any) -> Any:
    """TOML has no null: what is unknown is left out."""
    if isinstance(value, Mapping):
        return {str(key): _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value if item is not None] if isinstance(value, list) else value


def _file_name(name: object) -> str:
    return _UNSAFE.sub("-", str(name).lower().replace("/", "--")).strip(".-") or "model"


def _write(path: Path, content: bytes, *, replace: bool, file: Path) -> bool:
    if path.exists() and not replace:
        if path.read_bytes() == content:
            return False
        raise Conflict(
            f"`{path}` already exists with other content",
            hints=[f"modelscan catalog add '{file}' --replace"],
            details={"path": str(path)},
        )
    write_atomic(path, content)
    return True


def _invalid(file: Path, problems: Any) -> Usage:
    return Usage(
        f"`{file}` cannot be added to the catalog",
        cause=list(problems),
        hints=["a valid entry:\n" + _EXAMPLE.rstrip()],
        details={"path": str(file), "problems": list(problems)},
    )
