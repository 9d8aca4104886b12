"""vLLM recipes: which checkpoints of a model vLLM's maintainers run, with which arguments, on which machines.

One recipe a model: YAML in a folder (`models/<org>/<repo>.yaml` beside `taxonomy.yaml`), or the same as a static
tree of JSON (`models.json` lists `/<org>/<repo>.json`). The schema was read in vllm-project/recipes of 2026-08-21:
its CONTRIBUTING.md, `scripts/build-recipes-api.mjs` and `src/lib/command-synthesis.js`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.catalog.naming import names
from modelscan.catalog.naming.words import QUANTIZATION, RECIPE_STORAGE, RECIPE_TASKS
from modelscan.catalog.sources import standing
from modelscan.catalog.sources.downloads import folder_at
from modelscan.catalog.sources.record import Attached, Entry, Last, Parsed, SourceRecord, verbatim
from modelscan.catalog.sources.stated import format_for, quantization_word
from modelscan.errors import SourceUnavailable
from modelscan.model import Spec, Task, Weights
from modelscan.parsing import fields, json_text
from modelscan.parsing.modest import is_modest
from modelscan.parsing.problems import NotThisFormat, Skipped
from modelscan.parsing.regex import regex
from modelscan.parsing.text import clean, clean_argument, clean_tree
from modelscan.parsing.yaml_text import load

NAME = standing.VLLM_RECIPES.name
LICENSE = "Apache-2.0"
VOCABULARY = "taxonomy"
_Entry = Mapping[str, Any]
# Of 2026-08 there are 174 recipes, and the longest has 40 variants by machines.
_MOST_RECIPES, _MOST_SPECS = 5_000, 2_000
_COUNT = regex(r"(\d+(?:\.\d+)?)([MBT])")
_FACTORS = {"M": 10**6, "B": 10**9, "T": 10**12}
# What repos of one model add to its name when they store it otherwise: words of quantization recipes.
_STORED = QUANTIZATION.keys() | RECIPE_STORAGE
_BITS = regex(r"(?<=[-_.])w\d+a\d+")  # `w4a16`: bits of weights and of activations
_EDITION = regex(r"v\d")
# Keys of `hardware_overrides` that are no machine but a kind of it (`normalizeGeneration` in command-synthesis.js).
_KINDS: dict[str, dict[str, str]] = {
    "nvidia": {"vendor": "nvidia"},
    "hopper": {"vendor": "nvidia", "compute_capability": ">=9.0,<10.0"},
    "blackwell": {"vendor": "nvidia", "compute_capability": ">=10.0"},
    "amd": {"vendor": "amd"},
    "cpu": {"vendor": "cpu"},
    "xpu": {"vendor": "intel"},
    "tpu": {"vendor": "google"},
}
_UNDERSTOOD_OF_VARIANTS = frozenset({
    "model_id", "precision", "extra_args", "extra_env", "hardware_overrides", "description", "min_vllm_version", "json",
})  # fmt: skip
_UNDERSTOOD = frozenset({
    "hf_id", "meta", "model", "variants", "features", "opt_in_features", "hardware_overrides",
    "recommended_command", "guide",
})  # fmt: skip


def fetch(addresses: Sequence[str], get: Callable[[str], bytes], last: Last) -> Parsed:
    """The recipes of a folder or of a static tree, whichever is at the address.

    A page that cannot be fetched costs only itself and keeps its last good content.
    """
    (address,) = addresses
    folder = folder_at(address)
    if folder is not None and not (folder / "models.json").is_file():
        parsed = _fetch_folder(folder, get)
    else:
        parsed = _fetch_tree(address.removesuffix("/models.json").rstrip("/"), get, last)
    if not parsed.records:
        raise NotThisFormat("there is no recipe in it")
    return parsed


def _fetch_folder(folder: Path, get: Callable[[str], bytes]) -> Parsed:
    parsed = Parsed()
    for path in sorted(folder.rglob("*.yaml")):
        label = path.relative_to(folder).with_suffix("").as_posix().removeprefix("models/")
        try:
            document = load(get(str(path)))
        except NotThisFormat as error:
            parsed.skipped.append(Skipped(label, str(error)))
            continue
        if label == VOCABULARY and is_modest(document):
            parsed.attached.append(Attached(NAME, VOCABULARY, verbatim(document)))
        elif folder.name == "models" or (folder / "models") in path.parents:
            parsed.extend(parse(document, label))
    return parsed


def _fetch_tree(base: str, get: Callable[[str], bytes], last: Last) -> Parsed:
    paths = listed(get(f"{base}/models.json"))

    def page(path: str) -> object:
        try:
            return json_text.load(get(f"{base}/{quote(path)}"))
        except (SourceUnavailable, NotThisFormat) as error:
            return error

    parsed = Parsed()
    # A tree has some two hundred small pages; eight at a time is what browsers ask of one host.
    with ThreadPoolExecutor(max_workers=8) as pool:
        for path, found in zip(paths, pool.map(page, paths), strict=True):
            label = path.removesuffix(".json")
            if not isinstance(found, Exception):
                parsed.extend(parse(found, label))
                continue
            parsed.extend(parse_entries(last(_of_page(label))))
            parsed.skipped.append(Skipped(label, "a page of the tree cannot be fetched or is not JSON"))
    return parsed


def _of_page(label: str) -> Callable[[str], bool]:
    return lambda key: key.partition("#")[0] == label


def count(parsed: Parsed) -> int:
    """Recipes; one about several models has several records."""
    return len({record.key.partition("#")[0] for record in parsed.records})


def parse(document: object, label: str) -> Parsed:
    """The records of one recipe, read from YAML or JSON already; `label` names it where it names no repo."""
    parsed = Parsed()
    _add(parsed, label, document)
    return parsed


def parse_entries(entries: Iterable[Entry]) -> Parsed:
    """Records of recipes as an index keeps them."""
    parsed = Parsed()
    for key, entry in entries:
        if key == VOCABULARY:
            parsed.attached.append(Attached(NAME, key, verbatim(entry)))
        else:
            one = Parsed()
            _add(one, key, entry)
            # An entry that was kept for one of several models is split no further.
            one.records = [record for record in one.records if "#" not in key or record.key == key]
            parsed.extend(one)
    return parsed


def listed(payload: bytes) -> list[str]:
    """The paths of the recipes that a `models.json` lists; variants with an own page are in their parent's."""
    document = json_text.load(payload)
    entries = [fields.mapping(entry) for entry in fields.items(document)]
    paths = [str(entry.get("json")) for entry in entries if entry.get("json") and not entry.get("derived_from")]
    if len(paths) > _MOST_RECIPES:
        raise NotThisFormat(f"`models.json` lists more than {_MOST_RECIPES} recipes")
    if not paths:
        raise NotThisFormat("`models.json` lists no recipes")
    return [path.lstrip("/") for path in paths if ".." not in path and ":" not in path]


def _add(parsed: Parsed, label: str, entry: object) -> None:
    model = fields.mapping(entry.get("model")) if isinstance(entry, dict) else {}
    repo = fields.repo(model.get("model_id"))
    if not isinstance(entry, dict) or not is_modest(entry):
        parsed.skipped.append(Skipped(clean(label), "the recipe is not a mapping of a modest size"))
    elif len(fields.mapping(entry.get("variants"))) * _kinds(entry) > _MOST_SPECS:
        parsed.skipped.append(Skipped(clean(label), "the recipe is for too many machines"))
    elif repo is None:
        parsed.skipped.append(Skipped(clean(label), "the recipe names no repo as `model.model_id`"))
    else:
        parsed.records.extend(_records(repo, entry))


def _kinds(entry: _Entry) -> int:
    parts = (entry, *fields.mapping(entry.get("variants")).values())
    return 1 + sum(len(fields.mapping(fields.mapping(part).get("hardware_overrides"))) for part in parts)


def _records(repo: str, entry: _Entry) -> Iterator[SourceRecord]:
    """The model of the recipe, and each other one that a variant of it is about: another size, date or tuning."""
    by_model: dict[tuple[str, ...], list[tuple[str, str, _Entry]]] = {model_words(repo): []}
    for name, variant in fields.mapping(entry.get("variants")).items():
        chosen = fields.mapping(variant)
        checkpoint = fields.repo(chosen.get("model_id") or repo)
        if checkpoint:
            by_model.setdefault(model_words(checkpoint), []).append((str(name), checkpoint, chosen))
    for position, variants in enumerate(by_model.values()):
        yield _record(repo if position == 0 else variants[0][1], repo, entry, variants, is_main=position == 0)


def model_words(repo: str) -> tuple[str, ...]:
    """The words of a repo without those for how it is stored: equal for checkpoints of one model."""
    parts = names.words(_BITS.sub("int4", repo.casefold()))
    stored = next((at for at, word in enumerate(parts) if at and word in _STORED), len(parts))
    rest, _ = names.without_quantization(("", *parts[stored:]))
    # `v2` behind a quantization is an edition of the quantized files, not of the model.
    kept = (*parts[:stored], *(word for word in rest[1:] if word not in _STORED and not _EDITION.fullmatch(word)))
    return tuple(word for word in kept if word not in {*names.TUNING_WORDS, "w"}) or parts


def _record(
    repo: str, recipe_repo: str, entry: _Entry, variants: list[tuple[str, str, _Entry]], *, is_main: bool
) -> SourceRecord:
    """What else the recipe states (sizes, context) is true of its own model only."""
    lab = names.split_owner(recipe_repo)[0]
    weights: dict[str, Weights] = {}
    made = {item[1]: format_for(_flat(_arguments(item[2].get("extra_args")))) for item in variants}
    for checkpoint, quantization in [*((item[1], _quantization(item[2], item[1])) for item in variants), (repo, None)]:
        owner = names.split_owner(checkpoint)[0]
        weights.setdefault(
            checkpoint.casefold(),
            Weights(
                source="huggingface", repo_id=checkpoint, quantization=quantization, format=made.get(checkpoint),
                official=True if owner == lab else None, verified=False,
            ),
        )  # fmt: skip
    raw = entry if is_main and len(variants) == len(fields.mapping(entry.get("variants"))) else {
        **entry,
        "variants": {name: variant for name, _, variant in variants},
    }  # fmt: skip
    return SourceRecord(
        source=NAME,
        key=recipe_repo if is_main else f"{recipe_repo}#{repo}",
        raw=verbatim(raw),
        names=(repo,),
        weights=tuple(sorted(weights.values(), key=lambda item: item.repo_id != repo)),
        specs=tuple(spec for _, checkpoint, variant in variants for spec in _specs(checkpoint, variant, entry)),
        facts=dict(_facts(entry, repo, is_main=is_main)),
        extra=clean_tree({key: value for key, value in entry.items() if key not in _UNDERSTOOD and value}),
    )


def _facts(entry: _Entry, repo: str, *, is_main: bool) -> Iterator[tuple[str, Any]]:
    meta, model = fields.mapping(entry.get("meta")), fields.mapping(entry.get("model"))
    if task := _task(entry, fields.texts(meta.get("tasks", ())), names.words(repo)):
        yield "task", task
    if not is_main:
        return
    total, active = (_count(model.get(name)) for name in ("parameter_count", "active_parameters"))
    if total:
        yield "parameters", total
    if active and active != total:  # of a dense model the recipes repeat the size
        yield "active_parameters", active
    if context := fields.context(model.get("context_length")):
        yield "limits.context", context
    features = fields.mapping(entry.get("features"))
    for feature, key in (("tool_calling", "capabilities.tool_call"), ("reasoning", "capabilities.reasoning")):
        if feature in features:
            yield key, True


def _count(stated: object) -> int | None:
    match = _COUNT.fullmatch(str(stated))
    return fields.parameters(float(match[1]), _FACTORS[match[2]]) if match else None


def _task(entry: _Entry, tasks: tuple[str, ...], parts: tuple[str, ...]) -> Task | None:
    """The task where it is certain: `text` and `multimodal` models are told apart by their names."""
    if "embedding" in tasks:
        return "rerank" if "reranker" in parts else "embed"
    omni = fields.items(fields.mapping(entry.get("omni")).get("tasks"))
    kinds = [item if isinstance(item, str) else fields.mapping(item).get("id") for item in omni]
    return next((task for kind in kinds if isinstance(kind, str) and (task := RECIPE_TASKS.get(kind))), None)


def _quantization(variant: _Entry, checkpoint: str) -> str | None:
    """The word of `--quantization`; `AWQ` and `GPTQ` in a repo's name say more than `int4` in the recipe."""
    stated = (fields.text(variant.get("precision")) or "").upper()
    if stated == "INT4" and (named := names.without_quantization(names.words(checkpoint))[1]) in {"AWQ", "GPTQ"}:
        return named
    return quantization_word(stated)


@functools.cache
def _backend() -> str | None:
    """The one whose own people write these."""
    return next((name for name, backend in BACKENDS.items() if backend.about.catalog == NAME), None)


def _specs(checkpoint: str, variant: _Entry, entry: _Entry) -> Iterator[Spec]:
    """One spec for each kind of hardware that needs other arguments, then the general one, then speculation where
    the recipe leaves it to the user: vLLM's own advice for low latency.
    """
    model, features = fields.mapping(entry.get("model")), fields.mapping(entry.get("features"))
    modes = fields.mapping(variant.get("default_modes"))
    left_out = set(fields.texts(entry.get("opt_in_features", ()))) - set(modes)
    arguments = _arguments(model.get("base_args"))
    for name in features:
        if name not in left_out:
            arguments |= _feature_arguments(features[name], modes.get(name))
    arguments |= _arguments(variant.get("extra_args"))
    env = {**_env(model.get("base_env")), **_env(variant.get("extra_env"))}
    brand = fields.text(fields.mapping(variant.get("precision_hardware")).get("brand"))
    filters: dict[str, Any] = {"vendor": brand.casefold()} if brand else {}
    general = Spec(
        quantization=_quantization(variant, checkpoint),
        backend=_backend(),
        min_backend_version=_version(variant.get("min_vllm_version")) or _version(model.get("min_vllm_version")),
        repo_id=checkpoint,
        parameters=_flat(arguments),
        env=env,
        gpu_filters=filters,
        verified_hardware=_verified(variant, entry),
        extra=clean_tree({key: value for key, value in variant.items() if key not in _UNDERSTOOD_OF_VARIANTS}),
        source=NAME,
    )
    shared, own = (fields.mapping(given.get("hardware_overrides")) for given in (entry, variant))
    for kind in dict.fromkeys((*own, *shared)):
        changed, changed_env = dict(arguments), dict(env)
        for part in (fields.mapping(shared.get(kind)), fields.mapping(own.get(kind))):
            changed |= _arguments(part.get("extra_args"))
            changed_env |= _env(part.get("extra_env"))
        matching = {**filters, **_KINDS.get(str(kind), {"hardware": clean(str(kind))})}
        yield dataclasses.replace(general, parameters=_flat(changed), env=changed_env, gpu_filters=matching)
    yield general
    if "spec_decoding" in left_out and (speculative := _feature_arguments(features.get("spec_decoding"), None)):
        yield dataclasses.replace(general, mode="latency", parameters=_flat(arguments | speculative))


def _verified(variant: _Entry, entry: _Entry) -> tuple[str, ...]:
    """Machines on which the recipe was run, of those that the variant is for."""
    stated = fields.mapping(fields.mapping(entry.get("meta")).get("hardware"))
    allowed = fields.texts(variant.get("supported_hardware", ())) or stated
    return tuple(clean(str(name)) for name, word in stated.items() if word == "verified" and name in allowed)


def _feature_arguments(feature: object, mode: object) -> dict[str, tuple[str, ...]]:
    stated = fields.mapping(feature)
    chosen = fields.mapping(stated.get("modes")).get(str(mode or stated.get("default_mode")))
    return _arguments(stated.get("args")) | _arguments(fields.mapping(chosen).get("args"))


def _arguments(value: object) -> dict[str, tuple[str, ...]]:
    """The words of each flag, by flag: of one that is given again the last counts, as on vLLM's command line."""
    found: dict[str, list[str]] = {}
    flag = ""
    for item in fields.items(value):
        if not isinstance(item, str | int | float):
            continue
        word = clean_argument(str(item))
        if word.startswith("--"):
            flag = word.partition("=")[0]
            found[flag] = [word]
        else:
            found.setdefault(flag, []).append(word)
    return {flag: tuple(words) for flag, words in found.items()}


def _flat(arguments: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """`--flag=value` for a flag with one value, the form of the other catalogs."""
    return tuple(
        word
        for flag, words in arguments.items()
        for word in (("=".join(words),) if flag and words[0] == flag and len(words) == 2 else words)  # noqa: PLR2004
    )


def _env(value: object) -> dict[str, str]:
    return {clean(str(key)): clean_argument(str(item)) for key, item in fields.mapping(value).items()}


def _version(value: object) -> str | None:
    """A version; `nightly` says no number."""
    found = fields.text(value)
    return found if found and found[0].isdigit() else None
