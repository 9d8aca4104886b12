"""Sources, refresh, what it changed, and models of one's own, through the real entry point."""

from __future__ import annotations

import json
import threading
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.catalog.index.filters import Filters
from modelscan.deployments.document import record_of
from modelscan.deployments.store import Store
from modelscan.model import Deployment
from modelscan.selecting.context import Context
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.storage.paths import paths_below
from modelscan.verbs.find.refresh import refresh_catalog
from modelscan.verbs.find.search import search_models

SETS = {
    "model_sets": [
        {
            "name": "Acme 9B",
            "size": 9,
            "categories": ["llm"],
            "specs": [
                {
                    "mode": "throughput",
                    "quantization": "FP8",
                    "source": "huggingface",
                    "huggingface_repo_id": "acme/Acme-9B-FP8",
                    "backend": "vLLM",
                    "backend_version": "0.20.0",
                    "backend_parameters": ["--max-model-len=32768"],
                    "env": {"VLLM_X": "1"},
                    "gpu_filters": {"vendor": "nvidia", "compute_capability": ">=8.9"},
                }
            ],
        }
    ]
}
RECIPE = {
    "meta": {"tasks": ["text"], "hardware": {"h200": "verified"}},
    "model": {"model_id": "acme/Acme-9B", "min_vllm_version": "0.20.0", "parameter_count": "9B"},
    "features": {"reasoning": {"args": ["--reasoning-parser", "acme"]}},
    "variants": {"default": {"precision": "bf16"}},
}


def api(**models: Any) -> str:
    return json.dumps({"host": {"id": "host", "env": ["HOST_KEY"], "models": models}})


def acme(context: int = 65536, price: float = 1, *, is_open: bool = True) -> dict[str, Any]:
    cost = {"input": price, "output": 2}
    return {"id": "acme/acme-9b", "limit": {"context": context}, "cost": cost, "open_weights": is_open}


@pytest.fixture
def catalogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small file of every source, and settings that point there."""
    folder = tmp_path / "catalogs"
    (folder / "recipes" / "models" / "acme").mkdir(parents=True)
    (folder / "api.json").write_text(api(one=acme(), two={"id": "two"}, bad=3))
    (folder / "recipes" / "models" / "acme" / "Acme-9B.yaml").write_text(yaml.safe_dump(RECIPE))
    for name in ("hf", "ms"):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(SETS))
    monkeypatch.setenv("MODELSCAN_MODELS_DEV_URL", str(folder / "api.json"))
    monkeypatch.setenv("MODELSCAN_VLLM_RECIPES_URL", (folder / "recipes").as_uri())
    monkeypatch.setenv("MODELSCAN_GPUSTACK_CATALOG_URL", str(folder / "hf.yaml"))
    monkeypatch.setenv("MODELSCAN_GPUSTACK_MODELSCOPE_CATALOG_URL", str(folder / "ms.yaml"))
    return folder


def test_refresh_says_what_it_kept_and_skipped(modelscan: Modelscan, catalogs: Path) -> None:
    ran = modelscan("--offline", "catalog", "refresh")
    assert (ran.status, ran.stderr) == (0, "")
    *table, count = ran.stdout.splitlines()
    assert int(count.split()[0].replace(",", "")) > 500
    assert "\n".join(table) == snapshot("""\
SOURCE        STATUS     RECORDS  SKIPPED  NOTE
models.dev    updated          2        1  1 x the entry is not an object
vllm-recipes  updated          1        0
gpustack      updated          2        0
local         unchanged        0        0\
""")
    again = modelscan("catalog", "refresh", "--json").json["sources"]
    assert {source["status"] for source in again} == {"unchanged"}
    sources = {row["name"]: row for row in modelscan("catalog", "sources", "--json").json}
    assert sources["models.dev"]["origin"] == str(catalogs / "api.json")
    assert (sources["models.dev"]["records"], sources["models.dev"]["license"]) == (2, "MIT")
    assert " 0 d  MIT" in modelscan("catalog", "sources").stdout
    told = [json.loads(line) for line in modelscan("catalog", "refresh", "--progress", "jsonl").stderr.splitlines()]
    assert {event["event"] for event in told} == {"refresh"}
    assert "models.dev" in {event["source"] for event in told}


def test_info_shows_everything_that_is_known(modelscan: Modelscan, catalogs: Path) -> None:
    (catalogs / "api.json").write_text(api(a=acme(), b=acme(32768, 3, is_open=False)))
    modelscan("catalog", "refresh")
    assert modelscan("catalog", "info", "acme-9b").stdout == snapshot("""\
acme/acme-9b  Acme-9B

Task          chat
Owner         acme
Family        unknown
Parameters    9B
Context       32,768 tokens, from models.dev (median of 2)
On disk       about 8.4-17 GiB
License       unknown
Weights       open
Released      unknown
Status        unknown
Knowledge     unknown
Input         unknown
Output        unknown
Capabilities  reasoning
Hosted price  $2 in, $2 out, per million tokens, models.dev (median of 2)
Tags          reasoning

Weights
SOURCE       REPO              QUANTIZATION  SIZE           OFFICIAL
huggingface  acme/Acme-9B      BF16          about 17 GiB   yes
huggingface  acme/Acme-9B-FP8  FP8           about 8.4 GiB  unknown

How catalogs run it (arguments are checked before use)
  standard BF16 vllm >=0.20.0 acme/Acme-9B (vllm-recipes)
    --reasoning-parser=acme
    verified on h200
  throughput FP8 vllm 0.20.0 acme/Acme-9B-FP8 compute_capability=>=8.9 vendor=nvidia (gpustack)
    --max-model-len=32768
    VLLM_X=1

Hosts, dollars per million tokens
HOST  MODEL         INPUT  OUTPUT  CACHE READ
host  acme/acme-9b      1       2           -
host  acme/acme-9b      3       2           -

Sources disagree
  limits.context: 65,536 (1), 32,768 (1)
  open_weights: yes (1), no (1)

Sources
FIELD                   SOURCE
capabilities.reasoning  vllm-recipes
limits.context          models.dev (median of 2)
name                    weights
open_weights            weights
parameters              vllm-recipes
pricing                 models.dev (median of 2)
task                    gpustack
""")


@pytest.mark.slow
def test_diff_after_a_refresh(modelscan: Modelscan, catalogs: Path) -> None:
    modelscan("catalog", "refresh")
    (catalogs / "api.json").write_text(api(one=acme(131072, 0.5), three={"id": "three"}))
    modelscan("catalog", "refresh")
    dates, *rest = modelscan("catalog", "diff").stdout.splitlines()
    assert dates.count("T") == 2
    assert "\n".join(rest) == snapshot("""\
Added: 1
  host/three
Removed: 1
  host/two
Prices and limits: 2
ID            FIGURE         BEFORE    AFTER
acme/acme-9b  price input        $1     $0.5
acme/acme-9b  limit context  65,536  131,072\
""")
    modelscan("catalog", "refresh")
    document = modelscan("catalog", "diff", "--json").json
    assert (document["new"], document["gone"]) == (["host/three"], ["host/two"])
    assert document["changed"][0] == {"id": "acme/acme-9b", "field": "pricing.input", "before": 1, "after": 0.5}
    assert modelscan("catalog", "diff", "-q").stdout.split() == ["host/three", "host/two", "acme/acme-9b"]


def test_before_any_refresh_nothing_has_changed(modelscan: Modelscan) -> None:
    ran = modelscan("catalog", "diff", "--json")
    assert (ran.status, ran.json["new"], ran.json["changed"]) == (0, [], [])


@pytest.mark.slow
def test_what_is_deployed_stays_known_when_it_vanishes(modelscan: Modelscan, catalogs: Path, home: Path) -> None:
    modelscan("catalog", "refresh")
    deployment = Deployment(
        id="d1", name="two", model="two", catalog_id="host/two", task="chat", backend="vllm", status="stopped", port=8080
    )  # fmt: skip
    with Store(paths_below(home)) as store:
        store.create(record_of(deployment))
    (catalogs / "api.json").write_text(api(one=acme()))
    for _ in range(2):
        assert modelscan("catalog", "refresh").status == 0
        kept = modelscan("catalog", "info", "host/two", "--json").json
        assert (kept["status"], kept["provenance"]["status"][:25]) == ("gone", "no source lists it since ")
        assert [offer["model"] for offer in kept["providers"]] == ["two"]
        (catalogs / "hf.yaml").write_text(yaml.safe_dump(SETS) + "# changed\n")
    (catalogs / "api.json").write_text(api(one=acme(), two={"id": "two"}))
    modelscan("catalog", "refresh")
    assert modelscan("catalog", "info", "host/two", "--json").json["status"] is None


ENTRY = """\
id = "acme/x-7b"
name = "X 7B"
open_weights = true

[limit]
context = 32768

[[weights]]
url = "https://huggingface.co/acme/X-7B"
quantization = "fp8"
"""


@pytest.mark.parametrize("form", ["toml", "yaml", "json"])
def test_a_model_of_ones_own_is_added(modelscan: Modelscan, home: Path, tmp_path: Path, form: str) -> None:
    entry = tomllib.loads(ENTRY)
    file = tmp_path / f"mine.{form}"
    file.write_text(
        ENTRY
        if form == "toml"
        else yaml.safe_dump({**entry, "knowledge": None})
        if form == "yaml"
        else json.dumps(entry)
    )
    written = home / "config" / "catalogs" / "acme--x-7b.toml"
    assert modelscan("catalog", "add", str(file), "--json").json == {
        "models": ["acme/x-7b"],
        "path": str(written),
        "changed": True,
        "warnings": [],
    }
    assert tomllib.loads(written.read_text()) == entry
    assert not modelscan("catalog", "add", str(file), "--json").json["changed"]
    model = modelscan("catalog", "info", "acme/x-7b", "--json").json
    assert (model["weights"][0]["repo_id"], model["limits"]["context"]) == ("acme/X-7B", 32768)
    file.write_text(file.read_text().replace("32768", "65536"))
    refused = modelscan("catalog", "add", str(file), "--json")
    assert (refused.status, refused.error["code"]) == (8, "conflict")
    assert modelscan("catalog", "add", str(file), "--replace", "-q").stdout == "acme/x-7b\n"
    assert modelscan("catalog", "info", "acme/x-7b", "--json").json["limits"]["context"] == 65536


def test_every_problem_of_an_entry_is_named_at_once(modelscan: Modelscan, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'open_weights = "yes"\nrelease_date = "2026-25-01"\nname = 3\n[limit]\ncontext = 12\n'
        '[cost]\ninput = -1\n[[weights]]\nurl = "https://x.invalid/a/b"\n'
    )
    ran = modelscan("catalog", "add", str(file))
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.replace(str(file), "FILE") == snapshot("""\
error: `FILE` cannot be added to the catalog
  `name` must be a text, not `3`
  `open_weights` must be true or false, not `yes`
  `release_date` must be a date, as 2026-08 or 2026-08-31, not `2026-25-01`
  `limit.context` must be a number of tokens, 512 or more, not `12`
  `cost.input` must be US dollars per million tokens, 0 or more, not `-1`
  `weights` 1: `url` must be a repo at huggingface.co or modelscope.cn, not `https://x.invalid/a/b`
hint: a valid entry:
id = "mylab/mymodel-7b"
name = "MyModel 7B"
open_weights = true

[limit]
context = 32768

[[weights]]
url = "https://huggingface.co/mylab/MyModel-7B"
""")
    assert not (home / "config").exists()


@pytest.mark.parametrize("content", ["= 1", "[]", "a: [b", "- 1", "models: 3", "\x00"])
def test_a_file_that_is_no_catalog(modelscan: Modelscan, tmp_path: Path, content: str) -> None:
    for suffix in ("toml", "yaml"):
        file = tmp_path / f"mine.{suffix}"
        file.write_text(content)
        ran = modelscan("catalog", "add", str(file), "--json")
        assert (ran.status, ran.error["code"]) == (2, "usage"), suffix
    assert modelscan("catalog", "add", str(tmp_path / "none.toml"), "--json").status == 2


@pytest.mark.parametrize("arguments", [("catalog", "add", "/dev/zero"), ("deploy", "--file", "/dev/zero")])
def test_a_file_without_an_end(modelscan: Modelscan, arguments: tuple[str, ...]) -> None:
    assert "large" in modelscan(*arguments).stderr


def test_a_list_is_kept_as_it_is(modelscan: Modelscan, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "Team.yaml"
    file.write_text(yaml.safe_dump(SETS))
    added = modelscan("catalog", "add", str(file), "--json").json
    assert (added["models"], added["path"]) == (["acme/acme-9b-fp8"], str(home / "config" / "catalogs" / "team.yaml"))
    assert modelscan("catalog", "info", "acme/Acme-9B-FP8", "--json").json["specs"][0]["backend_version"] == "0.20.0"


def hub(answers: dict[str, Any]) -> str:
    """A hub on this machine that answers paths with JSON, anything else with 404; its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            content = json.dumps(answers.get(path, {})).encode()
            self.send_response(200 if path in answers else 404)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_the_hub_is_searched_when_asked(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        {"id": "Lab/Big-70B", "pipeline_tag": "text-generation", "safetensors": {"total": 70_000_000_000}},
        {"id": "Lab/Small-7B", "pipeline_tag": "text-generation", "safetensors": {"total": 7_000_000_000}},
        {"id": "Lab/Embed", "pipeline_tag": "feature-extraction"},
    ]
    monkeypatch.setenv("HF_ENDPOINT", hub({"/api/models": entries}))
    found = modelscan("catalog", "search", "lab", "--hub", "--json").json
    assert [(model["id"], model["task"]) for model in found] == [
        ("lab/big-70b", "chat"),
        ("lab/small-7b", "chat"),
        ("lab/embed", "embed"),
    ]
    assert modelscan("catalog", "search", "lab", "--hub", "--max-params", "14b", "-q").stdout == "lab/small-7b\n"
    offline = modelscan("--offline", "catalog", "search", "lab", "--hub", "--json")
    assert (offline.status, offline.error["code"]) == (6, "source_unavailable")


def test_a_repo_that_no_catalog_knows_is_passed_through_unverified(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "catalog", "info", "Nobody/Strange-7B-AWQ", "--json")
    assert (ran.status, ran.stderr) == (0, "")
    assert (ran.json["id"], ran.json["parameters"]) == ("nobody/strange-7b-awq", 7_000_000_000)
    (weights,) = ran.json["weights"]
    assert (weights["repo_id"], weights["quantization"], weights["verified"]) == ("Nobody/Strange-7B-AWQ", "AWQ", False)
    assert (
        "is in no catalog and could not be checked" in modelscan("--offline", "catalog", "info", "Nobody/X-7B").stderr
    )


@dataclass
class On:
    """A clock that stands on a day."""

    day: str

    def now(self) -> datetime:
        return datetime.fromisoformat(self.day).replace(tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


@pytest.mark.parametrize(
    ("day", "notes"),
    [
        ("2026-10-17", ()),
        ("2030-01-01", ("the catalog is 1173 days old (2026-10-16); to update it: modelscan catalog refresh",)),
        ("2020-01-01", ()),
    ],
)
@pytest.mark.slow
def test_an_old_index_says_so(catalogs: Path, day: str, notes: tuple[str, ...]) -> None:
    settings = load_settings(process_environment())
    refresh_catalog(Context(settings=settings, clock=On("2026-10-16")))
    found = search_models(Context(settings=settings, clock=On(day)), ["acme"], limit=1, filters=Filters())
    assert (found.models[0].id, found.notes) == ("acme/acme-9b", notes)


def test_an_old_index_says_so_once_a_day(catalogs: Path) -> None:
    settings = load_settings(process_environment())
    refresh_catalog(Context(settings=settings, clock=On("2026-10-16")))

    def noted(day: str) -> bool:
        context = Context(settings=settings, clock=On(day))
        return bool(search_models(context, ["acme"], limit=1, filters=Filters()).notes)

    days = ("2027-01-01", "2027-01-01", "2027-01-02", "2027-01-02")
    assert [noted(day) for day in days] == [True, False, True, False]
    settings.paths.age_note_file.unlink()
    settings.paths.age_note_file.mkdir()  # where it cannot be kept, nothing fails
    assert [noted(day) for day in days[:2]] == [True, True]
