"""The API does what its description says, and refuses what it does not: schemathesis over every operation."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from tests.api.api_house import Starter, context_of

from modelscan.api.app import build_app
from modelscan.dataclasses import replace
from modelscan.storage.keys import ClientKey, change_keys, hash_of

CASES = int(os.environ.get("API_CASES", "200"))
KEY = "sk-ms-fuzzing"


def config(operations: int) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "headers": {"Authorization": f"Bearer {KEY}"},
            "generation": {"max-examples": max(2, CASES // operations), "deterministic": True, "database": "none"},
            # A hub that cannot be reached is a failure that is described.
            "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "502", "504"]}},
            "operations": [
                # DELETE cancels a job; what it was stays known.
                {"include-path-regex": "^/api/v1/jobs/", "checks": {"use_after_free": {"enabled": False}}},
                # What no schema can say of a folder or a phase is 400 there: clients of the Playground API know it so.
                {
                    "include-path-regex": "^/api/v1/playground/",
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409"]}},
                },
            ],
            "phases": {"stateful": {"max-steps": 5}},
            "warnings": False,
        }
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_every_operation_is_as_it_is_described(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = context_of(
        home, MODELSCAN_OFFLINE="1", MODELSCAN_API_ALLOWED_HOSTS="testserver", MODELSCAN_API_DOWNLOAD_DIRS="/"
    )
    home.joinpath("config").mkdir(exist_ok=True)
    key = ClientKey(name="fuzzing", hash=hash_of(KEY), models=(), created_at="2026-01-01T00:00:00Z")
    change_keys(context.settings.paths.keys_file, lambda _: (key,))
    bugs: list[Exception] = []
    app = build_app(replace(context, start_job=Starter()), on_bug=bugs.append)
    described = app.openapi()
    streaming = [
        operation["operationId"]
        for item in described["paths"].values()
        for operation in item.values()
        if "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
    ]
    operations = sum(map(len, described["paths"].values())) - len(streaming)
    schema = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json",
        app,
        config=config(operations),
        headers={"Authorization": f"Bearer {KEY}"},
    ).exclude(operation_id=streaming)
    failures, counts = run(schema)
    assert failures == [], counts
    assert bugs == []


def run(schema: Any) -> tuple[list[str], Counter[str]]:
    """What failed, each with the request that shows it, and how many requests each phase made."""
    failures: list[str] = []
    counts: Counter[str] = Counter()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, FatalError):
            raise event.exception
        if isinstance(event, NonFatalError):
            failures.append(f"{event.label}: {event.value!r}")
        if not isinstance(event, ScenarioFinished):
            continue
        counts[event.phase.name] += len(event.recorder.interactions)
        failures += [
            f"{event.phase.name} {event.label}: {check.name}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
            for checks in event.recorder.checks.values()
            for check in checks
            if check.failure_info is not None
        ]
    return failures, counts
