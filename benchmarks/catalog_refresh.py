"""What a full refresh costs, against merely parsing the same bytes: `make bench`.

Both run in this process, in turn, on the same files; each round gives one ratio and the median counts. Without
arguments the shipped facts are written out in the forms of their sources first. `--api`, `--gpustack` (twice: Hugging
Face's and ModelScope's file) and `--recipes` measure files of your own; a `models.json` beside `api.json` is used.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from modelscan.catalog.refresh.refresh import refresh
from modelscan.settings.reading import load_settings
from modelscan.system.clock import SystemClock
from modelscan.system.http import Http

CATALOGS = Path(__file__).resolve().parents[1] / "catalogs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--api", type=Path)
    parser.add_argument("--gpustack", type=Path, action="append", default=[])
    parser.add_argument("--recipes", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        given = (chosen.api, chosen.recipes, *chosen.gpustack)
        api, recipes, *gpustack = given if all(given) and len(given) == 4 else written_out(folder)  # noqa: PLR2004
        measure(api, recipes, gpustack, rounds=chosen.rounds, folder=folder)


def measure(api: Path, recipes: Path, gpustack: list[Path], *, rounds: int, folder: Path) -> None:
    canonical = api.with_name("models.json")
    in_json = [path for path in (api, canonical) if path.exists()]
    in_yaml = [*gpustack, *sorted(recipes.rglob("*.yaml"))]
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def parse() -> None:
        for path in in_json:
            json.loads(path.read_bytes())
        for path in in_yaml:
            yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506  both loaders are safe ones

    homes = iter(range(rounds + 1))

    def refresh_all() -> None:
        environment = {
            "MODELSCAN_HOME": str(folder / f"home-{next(homes)}"),
            "MODELSCAN_MODELS_DEV_URL": str(api),
            "MODELSCAN_VLLM_RECIPES_URL": str(recipes),
            "MODELSCAN_GPUSTACK_CATALOG_URL": str(gpustack[0]),
            "MODELSCAN_GPUSTACK_MODELSCOPE_CATALOG_URL": str(gpustack[1]),
        }
        report = refresh(load_settings(environment), Http(), SystemClock())
        if any(source.status == "failed" for source in report.sources):
            raise SystemExit(f"a source failed: {report}")

    parse()
    refresh_all()
    pairs = [(seconds(parse), seconds(refresh_all)) for _ in range(rounds)]
    size = sum(path.stat().st_size for path in (*in_json, *in_yaml))
    print(f"{size:,} bytes in {len(in_json) + len(in_yaml)} files, {rounds} rounds, interleaved; medians\n")
    print("| parsing, ms | refresh, ms | ratio |")
    print("|---|---|---|")
    parsing, refreshing = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / other for other, mine in pairs)
    print(f"| {parsing:.0f} | {refreshing:.0f} | {ratio:.2f} |")


def seconds(work: Callable[[], None]) -> float:
    """Of this process, not of the clock: other work on the machine counts in neither."""
    started = time.process_time()
    work()
    return time.process_time() - started


def written_out(folder: Path) -> tuple[Path, ...]:
    """The shipped facts in the forms that their sources publish."""
    providers: dict[str, dict[str, object]] = {}
    for key, entry in lines("models_dev.jsonl"):
        provider, _, model = key.partition(":")
        providers.setdefault(provider, {"models": {}})
        if model:
            providers[provider]["models"][model] = entry  # type: ignore[index]
        else:
            providers[provider].update(entry)
    (folder / "api.json").write_text(json.dumps(providers))
    sets = list(lines("gpustack.jsonl"))
    for hub in ("huggingface", "modelscope"):
        document = {"model_sets": [entry for key, entry in sets if key.startswith(f"{hub}:")]}
        (folder / f"{hub}.yaml").write_text(yaml.safe_dump(document))
    for key, entry in lines("vllm_recipes.jsonl"):
        path = folder / "recipes" / "models" / f"{key}.yaml"
        if "#" not in key and "/" in key:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(entry, sort_keys=False))
    return (folder / "api.json", folder / "recipes", folder / "huggingface.yaml", folder / "modelscope.yaml")


def lines(name: str) -> list[tuple[str, dict[str, object]]]:
    return [json.loads(line) for line in (CATALOGS / name).read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
