"""A context of this test's own home, and jobs that are waited for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import folder, modelscan, vllm  # noqa: F401  fixtures

from modelscan.jobs.job import Job
from modelscan.jobs.now import job_now
from modelscan.selecting.context import Context
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings

Ended = Callable[[Job], Job]


@pytest.fixture
def context(home: Path, request: pytest.FixtureRequest) -> Context:
    """With what the other fixtures of the test put into the environment."""
    if "vllm" in request.fixturenames:
        request.getfixturevalue("vllm")
    return Context(settings=load_settings(process_environment()))


@pytest.fixture
def ended(context: Context) -> Ended:
    def wait(job: Job) -> Job:
        deadline = context.clock.monotonic() + 60
        while (now := job_now(context, job.id)).status == "running":
            assert context.clock.monotonic() < deadline, now
            context.clock.sleep(0.05)
        return now

    return wait
