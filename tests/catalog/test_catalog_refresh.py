from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelscan import dataclasses
from modelscan.catalog.index.index import open_base
from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.refresh.refresh import RefreshReport, insecure_addresses, refresh
from modelscan.dataclasses import dataclass, field
from modelscan.errors import SourceUnavailable, StorageFailed, Usage
from modelscan.settings.reading import Settings, load_settings
from modelscan.storage.documents import to_document
from modelscan.system.http import Fetched

API = "https://catalogs.invalid/api.json"
CANONICAL = "https://catalogs.invalid/models.json"
HUGGINGFACE, MODELSCOPE = "https://catalogs.invalid/hf.yaml", "https://catalogs.invalid/ms.yaml"

OFFERS = {
    "newhost": {
        "id": "newhost",
        "models": {
            "qwen/qwen3-32b": {"id": "qwen/qwen3-32b", "cost": {"input": 1, "output": 2}},
            "brandnew-9b": {"id": "brandnew-9b", "open_weights": True},
            "broken": 7,
        },
    }
}
RECIPES = "https://catalogs.invalid/recipes"
RECIPE = {
    "hf_id": "Lab/Novel-9B",
    "meta": {"tasks": ["text"], "hardware": {"h200": "verified"}},
    "model": {"model_id": "Lab/Novel-9B", "min_vllm_version": "0.20.0", "parameter_count": "9B"},
    "variants": {"default": {"precision": "bf16"}, "fp8": {"precision": "fp8", "model_id": "Lab/Novel-9B-FP8"}},
}
SETS = """
model_sets:
- name: Novel-9B
  size: 9
  categories: [llm]
  specs: [{mode: standard, source: SOURCE, KEY: Lab/Novel-9B, backend: vLLM}]
"""


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


@dataclass
class Web:
    """Answers from a dict; an exception in it is raised; an etag that is sent back answers "not changed"."""

    pages: dict[str, object]
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def fetch(self, address: str, *, etag: str | None = None) -> Fetched:
        self.asked.append((address, etag))
        page = self.pages.get(address)
        if page is None:
            raise SourceUnavailable(f"`{address}` answered 404 Not Found")
        if isinstance(page, Exception):
            raise page
        content = page if isinstance(page, bytes) else str(page).encode()
        tag = f'"{len(content)}"'
        return Fetched(None if etag == tag else content, tag)


def web() -> Web:
    return Web({
        API: json.dumps(OFFERS),
        f"{RECIPES}/models.json": json.dumps([
            {"hf_id": "Lab/Novel-9B", "json": "/Lab/Novel-9B.json"},
            {"hf_id": "Lab/Novel-9B-FP8", "json": "/Lab/Novel-9B-FP8.json", "derived_from": "Lab/Novel-9B"},
        ]),
        f"{RECIPES}/Lab/Novel-9B.json": json.dumps(RECIPE),
        HUGGINGFACE: SETS.replace("SOURCE", "huggingface").replace("KEY", "huggingface_repo_id"),
        MODELSCOPE: SETS.replace("SOURCE", "model_scope").replace("KEY", "model_scope_model_id"),
    })  # fmt: skip


@pytest.fixture
def settings(home: Path) -> Settings:
    return settings_below(home)


def settings_below(home: Path) -> Settings:
    return load_settings({
        "MODELSCAN_HOME": str(home),
        "MODELSCAN_MODELS_DEV_URL": API,
        "MODELSCAN_VLLM_RECIPES_URL": RECIPES,
        "MODELSCAN_GPUSTACK_CATALOG_URL": HUGGINGFACE,
        "MODELSCAN_GPUSTACK_MODELSCOPE_CATALOG_URL": MODELSCOPE,
    })  # fmt: skip


@pytest.fixture(scope="session")
def refreshed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after one refresh from `web()`, for copying: what a first refresh does takes most of a second."""
    folder = tmp_path_factory.mktemp("refreshed")
    refresh(settings_below(folder), web(), Noon())
    return folder


@pytest.fixture
def refreshed(settings: Settings, refreshed_home: Path, home: Path) -> Settings:
    shutil.copytree(refreshed_home, home, dirs_exist_ok=True)
    return settings


def statuses(settings: Settings, pages: Web, only: str | None = None) -> dict[str, str]:
    return {source.name: source.status for source in refresh(settings, pages, Noon(), only=only).sources}


@dataclass(kw_only=True)
class First:
    settings: Settings
    report: RefreshReport
    told: list[str]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    """The first refresh of a home in which much is there already: rubbish for an index, what killed refreshes have left,
    models of the user's own; one address has a password.
    """
    settings = settings_below(tmp_path_factory.mktemp("first"))
    settings.paths.index_file.parent.mkdir(parents=True)
    settings.paths.index_file.write_bytes(b"rubbish")
    settings.paths.local_models_file.parent.mkdir(parents=True)
    settings.paths.local_models_file.write_text("models: [{hf_repo_id: a/b}, {}]")
    now = Noon().now().timestamp()
    for name, age in (("old", 7200), ("young", 60)):
        folder = settings.paths.cache / f".index-{name}"
        folder.mkdir()
        (folder / "half.sqlite").write_bytes(b"x")
        os.utime(folder, (now - age, now - age))
    catalog = dataclasses.replace(settings.catalog, models_dev_url=API.replace("//", "//user:secret@"))
    secret, pages, told = dataclasses.replace(settings, catalog=catalog), web(), []
    pages.pages[catalog.models_dev_url] = pages.pages[API]
    report = refresh(secret, pages, Noon(), progress=lambda source, what: told.append(f"{source}: {what}"))
    return First(settings=settings, report=report, told=told)


def test_the_report_is_the_interfaces(first: First) -> None:
    """The user's own files are read at every use, and reported here."""
    report = to_document(first.report)
    assert report.pop("models") > 700
    assert report == {
        "sources": [
            {
                "name": "models.dev",
                "status": "updated",
                "records": 2,
                "skipped": [{"reason": "the entry is not an object", "count": 1}],
                "error": None,
                "fetched_at": "2026-11-21T12:00:00Z",
            },
            {
                "name": "vllm-recipes",
                "status": "updated",
                "records": 1,
                "skipped": [],
                "error": None,
                "fetched_at": "2026-11-21T12:00:00Z",
            },
            {
                "name": "gpustack",
                "status": "updated",
                "records": 2,
                "skipped": [],
                "error": None,
                "fetched_at": "2026-11-21T12:00:00Z",
            },
            {
                "name": "local",
                "status": "unchanged",
                "records": 1,
                "skipped": [{"reason": "the entry has neither `name` nor `hf_repo_id`", "count": 1}],
                "error": f"`{first.settings.paths.local_models_file}`: entry 2: the entry has neither `name` nor `hf_repo_id`",
                "fetched_at": "2026-11-21T12:00:00Z",
            },
        ]
    }


def test_a_damaged_index_is_healed(first: First) -> None:
    index = open_base(first.settings.paths.index_file)
    assert index.notice is None
    index.close()
    found = {path.name for path in first.settings.paths.cache.iterdir() if not path.name.startswith(".")}
    assert found == {first.settings.paths.index_file.name, "downloads"}


def test_what_a_killed_refresh_has_left_is_cleared_later(first: First) -> None:
    assert [path.name for path in first.settings.paths.cache.glob(".index-*")] == [".index-young"]


def test_progress_is_told_without_credentials(first: First) -> None:
    assert first.told[0] == "models.dev: 194 B from https://catalogs.invalid/api.json"
    assert first.told[-1] == "index: merging the sources"
    assert "secret" not in " ".join(first.told)


def test_what_was_fetched_serves_beside_our_own_lists(refreshed: Settings) -> None:
    index = open_index(refreshed)
    assert index.notice is None
    known = resolve("qwen3-32b", index).model
    assert known is not None
    assert [(offer.id, offer.pricing.output) for offer in known.providers] == [("newhost", 2)]
    novel = resolve("novel-9b", index).model
    assert novel is not None
    assert [(weights.source, weights.repo_id) for weights in novel.weights] == [
        ("huggingface", "Lab/Novel-9B"),
        ("huggingface", "Lab/Novel-9B-FP8"),
        ("modelscope", "Lab/Novel-9B"),
    ]
    assert index.get("openai/gpt-4o") is None
    assert resolve("demo", index).model is not None


def test_a_second_time_asks_with_what_the_server_called_it(refreshed: Settings) -> None:
    pages = web()
    assert statuses(refreshed, pages) == dict.fromkeys(("models.dev", "vllm-recipes", "gpustack", "local"), "unchanged")
    assert {address: etag is not None for address, etag in pages.asked} == {
        API: True,
        CANONICAL: False,
        f"{RECIPES}/models.json": True,
        f"{RECIPES}/Lab/Novel-9B.json": True,
        HUGGINGFACE: True,
        MODELSCOPE: True,
    }
    assert resolve("novel-9b", open_index(refreshed)).model is not None


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (SourceUnavailable("`x` cannot be reached", cause=["timed out"]), "`x` cannot be reached; timed out"),
        ("<html>\x1b[31mbusy</html>", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("{}", "not a JSON object with entries"),
    ],
)
def test_a_source_that_fails_keeps_its_last_good_data(refreshed: Settings, page: object, said: str) -> None:
    bad = web()
    bad.pages[API] = page
    report = refresh(refreshed, bad, Noon())
    first = report.sources[0]
    assert (first.name, first.status, first.records, first.error) == ("models.dev", "failed", 2, said)
    index = open_index(refreshed)
    known = resolve("qwen3-32b", index).model
    assert known is not None
    assert known.providers
    assert {state.name: state.error for state in index.sources()}["models.dev"] == said


def test_the_shipped_facts_are_the_first_good_data(settings: Settings) -> None:
    pages = web()
    del pages.pages[API]
    report = refresh(settings, pages, Noon())
    assert (report.sources[0].status, report.sources[0].records) == ("failed", 6731)
    assert open_index(settings).get("openai/gpt-4o") is not None


@pytest.mark.slow
def test_one_source_alone(settings: Settings) -> None:
    assert statuses(settings, web(), only="gpustack") == {"gpustack": "updated"}
    assert open_index(settings).get("openai/gpt-4o") is not None
    with pytest.raises(Usage, match="`nowhere` is not a catalog source"):
        refresh(settings, web(), Noon(), only="nowhere")


def test_nothing_refreshed_is_an_error_and_changes_nothing(settings: Settings) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        refresh(settings, Web({}), Noon())
    assert caught.value.message == "no catalog source could be refreshed; the current index stays"
    assert caught.value.cause[0] == f"models.dev: `{API}` answered 404 Not Found"
    assert not settings.paths.index_file.exists()


@pytest.mark.slow
def test_canonical_models_beside_the_api_are_used(settings: Settings) -> None:
    pages = web()
    pages.pages[CANONICAL] = json.dumps(
        {"lab/brandnew-9b": {"weights": [{"url": "https://huggingface.co/Lab/Brandnew-9B"}], "license": "mit"}}
    )
    assert refresh(settings, pages, Noon()).sources[0].records == 2
    model = resolve("brandnew-9b", open_index(settings)).model
    assert model is not None
    assert (model.id, model.weights[0].repo_id, model.license) == ("lab/brandnew-9b", "Lab/Brandnew-9B", "mit")
    assert [offer.id for offer in model.providers] == ["newhost"]


@pytest.mark.slow
def test_offline_refuses_addresses_and_allows_files(settings: Settings, tmp_path: Path) -> None:
    offline = {"MODELSCAN_HOME": str(tmp_path / "home"), "MODELSCAN_OFFLINE": "1"}
    with pytest.raises(SourceUnavailable, match="no catalog source could be refreshed"):
        refresh(load_settings(offline), web(), Noon())
    local = load_settings({**offline, "MODELSCAN_MODELS_DEV_URL": str(tmp_path / "api.json")})
    pages = Web({str(tmp_path / "api.json"): json.dumps(OFFERS)})
    assert statuses(local, pages, only="models.dev") == {"models.dev": "updated"}


def test_a_disk_that_cannot_be_written(settings: Settings) -> None:
    settings.paths.cache.parent.mkdir(parents=True, exist_ok=True)
    settings.paths.cache.write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        refresh(settings, web(), Noon())


def test_unprotected_addresses_are_named() -> None:
    settings = load_settings({
        "MODELSCAN_MODELS_DEV_URL": "http://mirror.invalid/api.json",
        "MODELSCAN_GPUSTACK_CATALOG_URL": "http://127.0.0.1/x.yaml",
        "MODELSCAN_GPUSTACK_MODELSCOPE_CATALOG_URL": "file:///x.yaml",
        "MODELSCAN_VLLM_RECIPES_URL": "/srv/recipes",
    })  # fmt: skip
    assert insecure_addresses(settings) == ["http://mirror.invalid/api.json"]


@pytest.mark.slow
def test_a_page_of_the_recipes_that_is_gone_keeps_what_it_said(refreshed: Settings) -> None:
    pages = web()
    pages.pages[f"{RECIPES}/models.json"] = json.dumps(
        [{"json": "/Lab/Novel-9B.json"}, {"json": "/Lab/Other.json"}, {"json": "/Lab/Third.json"}]
    )
    pages.pages[f"{RECIPES}/Lab/Novel-9B.json"] = SourceUnavailable("busy")
    pages.pages[f"{RECIPES}/Lab/Third.json"] = json.dumps({**RECIPE, "model": {"model_id": "Lab/Third"}})
    recipes = refresh(refreshed, pages, Noon(), only="vllm-recipes").sources[0]
    assert (recipes.status, recipes.records) == ("updated", 2)
    assert [(item.reason, item.count) for item in recipes.skipped] == [
        ("a page of the tree cannot be fetched or is not JSON", 2)
    ]
    kept = resolve("Lab/Novel-9B", open_index(refreshed)).model
    assert kept is not None
    assert "vllm-recipes" in {spec.source for spec in kept.specs}


@pytest.mark.slow
def test_a_damaged_copy_is_fetched_again(refreshed: Settings) -> None:
    pages = web()
    for copy in refreshed.paths.downloads_folder.iterdir():
        copy.write_bytes(copy.read_bytes()[:-3])
    assert statuses(refreshed, pages) == dict.fromkeys(("models.dev", "vllm-recipes", "gpustack", "local"), "unchanged")
    assert {etag for _, etag in pages.asked} == {None}


def test_what_is_said_of_hosts_is_kept(refreshed: Settings) -> None:
    assert dict(open_index(refreshed).entries("models.dev"))["newhost:"] == {"id": "newhost"}


@pytest.mark.slow
def test_deep_nesting_costs_its_entry_only(settings: Settings) -> None:
    deep: object = 1
    for _ in range(400):
        deep = {"a": deep}
    pages = web()
    pages.pages[API] = json.dumps(
        {"newhost": {"deep": deep, "models": {"x": {"id": "x", "a": deep}, "y": {"id": "y"}}}}
    )
    first = refresh(settings, pages, Noon()).sources[0]
    assert first.records + sum(item.count for item in first.skipped) == 2
    assert open_index(settings).get("newhost/y") is not None
