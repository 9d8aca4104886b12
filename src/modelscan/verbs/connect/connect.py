"""Connecting a program of the user's to a deployment, and taking that back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from modelscan.dataclasses import dataclass, field
from modelscan.errors import DeploymentNotFound, ModelscanError, Usage
from modelscan.exports.clients.client import Client
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.clients.env import shell_lines
from modelscan.exports.clients.registry import client_named
from modelscan.model import Deployment
from modelscan.model.events import Ask
from modelscan.running.connecting.client_files import (
    FileChange,
    connecting,
    planned,
    planned_back,
    write_back,
    write_planned,
    written_anew,
)
from modelscan.running.connecting.endpoint import client_endpoint, key_of, upstream_endpoint
from modelscan.running.connecting.proof import prove
from modelscan.selecting.context import Context
from modelscan.targets.deployments import not_ready

Show = Callable[[Sequence[FileChange]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectedFile:
    """`copy` is the user's own version, kept beside it; `content` is given where a file is only to be shown."""

    path: str
    change: Literal["created", "changed", "unchanged", "removed", "shown"]
    copy: str | None = None
    difference: tuple[str, ...] = ()
    content: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """`proven` says that the endpoint has answered a request. A key appears only as the name of its variable, in
    `variables` as `$VARIABLE`; `lines` are the same for a shell, `steps` what is left to do.
    """

    tool: str
    title: str
    deployment: str | None = None
    model: str | None = None
    base_url: str | None = None
    files: tuple[ConnectedFile, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    changed: bool = False
    proven: bool = False


def connect_client(context: Context, tool: str, *, model: str | None, ask: Ask, show: Show) -> Connection:
    """Put the endpoint into the program's files, and ask it for one token.

    `model` is a deployment or an upstream; None for the deployment that became ready last. `show` is called with what
    would change before `ask` is. Raises DeploymentNotFound, Usage (nobody said yes, or a model that the
    program cannot use), ConfigInvalid (a file that cannot be edited), Unauthorized, BackendFailed (not ready, or no
    answer).
    """
    client = client_named(tool)
    found, endpoint = _endpoint(context, tool, client, model)
    key = key_of(context, endpoint)
    paths, environ = context.settings.paths, context.settings.environ
    with connecting(paths, tool):
        changes = planned(paths, tool, client.files, environ, endpoint)
        differing = [change for change in changes if change.now != change.after]
        if differing:
            _agreed(tool, differing, ask, show, "connect")
            write_planned(paths, tool, changes)
    try:
        proven = prove(endpoint, api=client.api, key=key)
    except ModelscanError as error:
        if differing:
            error.hints = (*error.hints, f"to take back what was written: modelscan connect {tool} --remove")
        raise
    return _connection(tool, client, found, endpoint, tuple(map(_written, changes)), proven=proven)


def shown_client(context: Context, tool: str, *, model: str | None) -> Connection:
    """What `connect_client` would put into files that hold nothing else, without writing or asking anything.

    Raises as that does.
    """
    client = client_named(tool)
    found, endpoint = _endpoint(context, tool, client, model)
    fresh = [written_anew(file, context.settings.environ, endpoint) for file in client.files]
    files = tuple(
        ConnectedFile(path=str(item.path), change="shown", content=item.after) for item in fresh if item.edits
    )
    return _connection(tool, client, found, endpoint, files, proven=False)


def disconnect_client(context: Context, tool: str, *, ask: Ask, show: Show) -> Connection:
    """Take back what was written, and nothing else. Raises Usage (nobody said yes), ConfigInvalid."""
    client, paths = client_named(tool), context.settings.paths
    with connecting(paths, tool):
        changes = planned_back(paths, tool)
        differing = [change for change in changes if change.now != change.after]
        if differing:
            _agreed(tool, differing, ask, show, "disconnect")
        write_back(paths, tool, changes)
    files = tuple(_written(change) for change in differing)
    return Connection(tool=tool, title=client.title, files=files, changed=bool(differing))


def _endpoint(context: Context, tool: str, client: Client, model: str | None) -> tuple[str, ClientEndpoint]:
    served = None
    if model is not None and context.deployments.named(model) is None:
        served = upstream_endpoint(context, model)
    if served is not None:
        found, endpoint = served.model, served
    else:
        deployment = _deployment(context, model)
        found, endpoint = deployment.name, client_endpoint(context, deployment)
    if client.tasks is not None and endpoint.task not in client.tasks:
        raise Usage(
            f"{client.title} cannot use `{found}`, whose task is {endpoint.task}",
            cause=[f"it uses models for: {', '.join(sorted(client.tasks))}"],
            hints=[f"modelscan connect {tool} --model NAME", "modelscan list"],
            details={"task": endpoint.task},
        )
    return found, endpoint


def _deployment(context: Context, model: str | None) -> Deployment:
    if model is not None:
        found = context.deployments.now(model)
        if found.status != "ready":
            raise not_ready(found)
        return found
    ready = [item for item in context.deployments.list() if item.status == "ready"]
    if not ready:
        raise DeploymentNotFound("no deployment is ready", hints=["modelscan list", "modelscan deploy demo"])
    return max(ready, key=lambda item: item.ready_at or "")


def _agreed(tool: str, changes: Sequence[FileChange], ask: Ask, show: Show, what: str) -> None:
    show(changes)
    if ask("Write this?") is not True:
        option = " --remove" if what == "disconnect" else ""
        raise Usage(
            "nothing was written: this needs confirmation",
            cause=[str(change.path) for change in changes],
            hints=[f"modelscan connect {tool}{option} --yes"],
            details={"files": [str(change.path) for change in changes]},
        )


def _connection(
    tool: str,
    client: Client,
    found: str,
    endpoint: ClientEndpoint,
    files: tuple[ConnectedFile, ...],
    *,
    proven: bool,
) -> Connection:
    variables = client.variables(endpoint) if client.variables is not None else {}
    return Connection(
        tool=tool,
        title=client.title,
        deployment=found,
        model=endpoint.model,
        base_url=endpoint.base_url,
        files=files,
        variables=variables,
        lines=shell_lines(variables, endpoint),
        steps=client.steps(endpoint),
        changed=any(file.change in {"created", "changed"} for file in files),
        proven=proven,
    )


def _written(change: FileChange) -> ConnectedFile:
    kinds: dict[tuple[bool, bool], Literal["created", "changed", "removed"]] = {
        (True, False): "created",
        (False, True): "removed",
    }
    same = change.now == change.after
    return ConnectedFile(
        path=str(change.path),
        change="unchanged" if same else kinds.get((change.now is None, change.after is None), "changed"),
        copy=str(change.copy) if Path(change.copy).exists() else None,
        difference=change.difference,
    )
