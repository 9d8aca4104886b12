"""The command line that `deploy` would run for a plan, with its names, address, program and weights."""

from __future__ import annotations

from pathlib import Path

from modelscan import dataclasses
from modelscan.backends.base import Launch
from modelscan.backends.registry import BACKENDS
from modelscan.deployments.naming import deployment_name
from modelscan.hubs.protocol import InFolder, Streamed
from modelscan.model import HUB_SOURCES, Adapter, Plan, Source, WeightsDescription
from modelscan.selecting.adapters.words import adapter_location
from modelscan.selecting.context import Context
from modelscan.selecting.installations import choose, device_of
from modelscan.selecting.plan import Planned, described
from modelscan.selecting.requests import DeployRequest
from modelscan.selecting.resolved import Resolved
from modelscan.weights.reading.selection import ADAPTER


def with_command(context: Context, planned: Planned, wanted: DeployRequest) -> Plan:
    """The plan whose choice has that command line. A port that is taken when it is deployed becomes the next free one.

    Raises Usage for a bad name.
    """
    chosen, plan = planned.plan.chosen, planned.plan
    if chosen is None:
        return plan
    device = device_of(plan.hardware) if chosen.gpu_indices else "cpu"
    installation = choose(
        planned.installations, chosen.backend, chosen.backend_version, device=device, libraries=chosen.libraries
    )
    weights = described(planned, chosen)
    here = _cached(context, weights.source, weights.repo_id, weights.commit)
    name = deployment_name(wanted.name, planned.resolved.model_id)
    launch = Launch(
        location=str(here) if here is not None else weights.location,
        served_model_names=served_names(name, planned.resolved, weights),
        port=wanted.port or context.settings.deploy.first_port,
        host=wanted.host,
        program=installation.program if installation is not None else None,
        api_key_env=wanted.api_key_env,
        device=installation.device if installation is not None else device,
        adapters={item.name: place for item in chosen.adapters if (place := _adapter(context, item)) is not None},
    )
    command = BACKENDS[chosen.backend].command_line(chosen, launch)
    return dataclasses.replace(plan, chosen=dataclasses.replace(chosen, argv=command.argv, env=dict(command.env)))


def served_names(name: str, resolved: Resolved, weights: WeightsDescription) -> tuple[str, ...]:
    """Its own name, the id as it was registered, the repo as its hub spells it (as `vllm serve` and its clients have
    it), and the model's.
    """
    registered = (resolved.registered.id,) if resolved.registered is not None else ()
    repo = (weights.repo_id,) if weights.source in HUB_SOURCES else ()
    return tuple(dict.fromkeys((name, *registered, *repo, resolved.model_id)))


def _cached(context: Context, source: Source, repo_id: str, commit: str | None, form: str | None = None) -> Path | None:
    """The folder in a hub's cache that has all of it."""
    delivery = context.delivery(source, repo_id)
    return None if isinstance(delivery, InFolder | Streamed) else delivery.cached(repo_id, commit, form=form)


def _adapter(context: Context, item: Adapter) -> str | None:
    """None where it has to be downloaded first."""
    if item.source == "local_path":
        return adapter_location(item, Path(item.repo_id))
    here = _cached(context, item.source, item.repo_id, item.revision, ADAPTER)
    return None if here is None else adapter_location(item, here)
