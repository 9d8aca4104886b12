"""Finding, planning and what this machine has, over HTTP: the documents of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.api.api_house import client_of, context_of
from tests.cli.conftest import Modelscan


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/v1/catalog/models?q=qwen3+coder+30b&limit=2", ("catalog", "search", "qwen3 coder 30b", "--limit", "2")),
        (
            "/api/v1/catalog/models?limit=2&task=embed&open=true",
            ("catalog", "list", "--limit", "2", "--task", "embed", "--open"),
        ),
        (
            "/api/v1/catalog/models?q=qwen3&limit=1&fits=true&hardware=rtx-4090",
            ("catalog", "search", "qwen3", "--limit", "1", "--fits", "--hardware", "rtx-4090"),
        ),
        ("/api/v1/catalog/models/qwen/qwen3-8b", ("catalog", "info", "qwen/qwen3-8b")),
        ("/api/v1/gateway", ("gateway", "status")),
        ("/api/v1/routes", ("routes", "show")),
    ],
)
def test_an_answer_is_the_document_of_the_command(
    home: Path, modelscan: Modelscan, path: str, words: tuple[str, ...]
) -> None:
    assert client_of(context_of(home)).get(path).json() == modelscan(*words, "--json").json


def test_the_gpus_of_this_machine(home: Path, modelscan: Modelscan) -> None:
    shown, printed = client_of(context_of(home)).get("/api/v1/gpus").json(), modelscan("gpu", "--json").json
    for document in (shown, printed):
        document["cpu"].pop("memory_free_bytes")
    assert shown == printed


def test_a_plan_says_no_as_an_answer(home: Path) -> None:
    client = client_of(context_of(home))
    asked = {"model": "deepseek/deepseek-r1", "hardware": "rtx-4090", "alternatives": 0}
    plan = client.post("/api/v1/plans", json=asked)
    assert (plan.status_code, plan.json()["feasible"]) == (200, False)
    assert plan.json()["rejected"][0]["code"] == "no_memory"
    good = client.post(
        "/api/v1/plans", json={"model": "qwen/qwen3-8b", "hardware": "rtx-4090", "context_length": "16k"}
    )
    assert (good.json()["chosen"]["max_model_len"], good.json()["chosen"]["explicit"]) == (16384, ["context_length"])


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/catalog/models/nosuch", 404, "no catalog lists a model `nosuch`"),
        ("/api/v1/catalog/models/%7Enosuchuser/x", 404, "`~nosuchuser/x` cannot be the name of a model"),
        (f"/api/v1/catalog/models/{'x' * 300}", 404, f"`{'x' * 79}…` cannot be the name of a model"),
        ("/api/v1/catalog/models?limit=0", 400, "invalid request parameters: limit: Input should be greater than or"),
        (
            "/api/v1/catalog/models?hardware=rtx-4090",
            409,
            "`hardware` says which machine to fit, and `fits` is missing",
        ),
        ("/api/v1/catalog/models?fits=true&hardware=rtx-0", 404, "`rtx-0` is not a known GPU"),
        ("/api/v1/catalog/models?hardware=/etc/passwd&fits=true", 400, "invalid request parameters: hardware: String"),
    ],
)
def test_failures(home: Path, path: str, status: int, said: str) -> None:
    refused = client_of(context_of(home)).get(path)
    assert (refused.status_code, refused.json()["code"]) == (status, status)
    assert refused.json()["error"].startswith(said)


def test_several_models_are_a_question(home: Path) -> None:
    asked = client_of(context_of(home)).get("/api/v1/catalog/models/llama")
    assert asked.status_code == 409
    assert asked.json()["hints"]


def described(home: Path) -> dict[str, Any]:
    found: dict[str, Any] = client_of(context_of(home)).get("/api/v1/openapi.json").json()
    return found


def test_the_description_has_only_failures_that_exist(home: Path) -> None:
    paths = described(home)["paths"]
    statuses = {
        f"{method.upper()} {path}": " ".join(operation["responses"])
        for path, item in paths.items()
        for method, operation in item.items()
    }
    assert statuses["GET /api/v1/health"] == snapshot("200 403 421 500")
    assert statuses["GET /api/v1/gpus"] == snapshot("200 401 403 421 500")
    assert statuses["POST /api/v1/deployments"] == snapshot("200 202 400 401 403 404 409 413 421 500 502 504")
    assert "422" not in " ".join(statuses.values())


def test_every_reference_of_the_description_leads_somewhere(home: Path) -> None:
    whole = described(home)

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    names = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}
    assert references(whole) <= names
    assert "x-document" not in str(whole)
    operations = [operation["operationId"] for item in whole["paths"].values() for operation in item.values()]
    assert len(operations) == len({*operations})
