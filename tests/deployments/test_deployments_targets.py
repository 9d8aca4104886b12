"""A second target needs a module and a line in the registry, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_target import RUNNING

from modelscan.errors import Interrupted, Usage
from modelscan.model import PlanRequest
from modelscan.model.events import Event, silent
from modelscan.running.deploy import deploy_model
from modelscan.running.start import start_deployment
from modelscan.running.stop import remove_deployment, stop_deployment
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.selecting.requests import DeployRequest
from modelscan.settings.reading import Settings
from modelscan.storage.shipped import shipped
from modelscan.targets.published import PublishedFiles, from_options
from modelscan.targets.registry import TARGETS
from modelscan.verbs.manage.logs import log_lines
from modelscan.verbs.manage.wait import wait_for


@pytest.fixture
def context(settings: Settings) -> Context:
    return Context(settings=settings, targets={**TARGETS, "toy": "toy_target"})


def wanted(target: str) -> DeployRequest:
    return DeployRequest(plan=PlanRequest(model=str(shipped("demo"))), name="demo", target=target, timeout=5.0)


def test_a_deployment_lives_on_a_target_that_no_room_knows(context: Context) -> None:
    made = deploy_model(context, wanted("toy"), report=silent, ask=lambda *_, **__: False).deployment
    assert (made.status, made.target, made.changed, made.port) == ("ready", "toy", True, None)
    assert (made.base_url, made.openai_base_url) == ("http://toy.example/demo", "http://toy.example/demo/v1")
    assert "http://toy.example/demo" in context.settings.routing_path.read_text()
    assert [(item.name, item.status) for item in context.deployments.list()] == [("demo", "ready")]
    assert context.deployments.claims(machine(context)) == ()
    assert context.deployments.orphans() == ()
    [line] = log_lines(context, "demo")
    assert line.text.endswith(f"serving {made.model}")

    again = deploy_model(context, wanted("toy"), report=silent, ask=lambda *_, **__: False).deployment
    assert (again.id, again.changed) == (made.id, False)

    stopped = stop_deployment(context, "demo")
    assert (stopped.status, RUNNING) == ("stopped", {})
    assert "toy.example" not in context.settings.routing_path.read_text()
    assert start_deployment(context, "demo").status == "ready"
    assert wait_for(context, "demo", "ready", timeout=1.0).id == made.id
    assert remove_deployment(context, "demo").removed_at is not None
    assert (context.deployments.list(), RUNNING) == ([], {})


def test_an_interruption_in_the_moment_of_readiness_ends_nothing(context: Context) -> None:
    """The command polls: what became ready since it looked last runs, and the record says so."""

    def interrupting(event: Event) -> None:
        if event.kind == "phase":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as interrupted:
        deploy_model(context, wanted("toy"), report=interrupting, ask=lambda *_, **__: False)
    assert interrupted.value.message == "interrupted: `demo` was ready already, and runs"
    assert [(item.name, item.status) for item in context.deployments.list()] == [("demo", "ready")]
    assert "http://toy.example/demo" in context.settings.routing_path.read_text()
    remove_deployment(context, "demo")


def test_a_target_that_is_not_there_is_refused_before_anything_is_claimed(context: Context) -> None:
    with pytest.raises(Usage) as refused:
        deploy_model(context, wanted("moon"), report=silent, ask=lambda *_, **__: False)
    assert (refused.value.message, refused.value.hints) == (
        "there is no target `moon`",
        ("known are local, ollama, toy",),
    )
    assert context.deployments.list() == []


def test_published_files_travel_as_options() -> None:
    for files in (
        PublishedFiles(routes=Path("/a/routing.yaml")),
        PublishedFiles(routes=Path("/a/routing.yaml"), litellm=Path("/b"), keyless=True),
    ):
        words = files.options()
        assert from_options(dict(zip(words[::2], words[1::2], strict=True))) == files
    assert from_options({}) is None
    of_an_older_supervisor = from_options({"--state": "/s", "--file": "/a/routing.yaml"})
    assert of_an_older_supervisor == PublishedFiles(routes=Path("/a/routing.yaml"))
