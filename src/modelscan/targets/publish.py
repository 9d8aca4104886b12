"""Write what is ready into the files from which others read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.exports.litellm import MARK, RemoteModel, litellm_config, litellm_text
from modelscan.model import Deployment, Route
from modelscan.routing.compiled import TableMember, known_there, set_apart
from modelscan.routing.file import write_routes
from modelscan.routing.gateway_files import gateway_files, public_names, publish_table, read_upstreams
from modelscan.routing.litellm_file import write_litellm
from modelscan.routing.table import routes_to
from modelscan.system.clock import Clock
from modelscan.targets.deployments import Deployments
from modelscan.targets.published import PublishedFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """`shadowed` are routes left out because the user has an entry of that name; `litellm` says that LiteLLM's file
    has changed, which it reads at its start only.
    """

    shadowed: tuple[Route, ...] = ()
    litellm: bool = False


def publish_ready(deployments: Deployments, files: PublishedFiles, clock: Clock) -> Publication:
    """A route for each ready deployment and none of our others; the user's own stay unchanged.

    First comes the gateway's table, which depends on no file that the user edits.
    What is ready is read under the file's lock, so that of two commands the later one knows the later state. Raises as
    `write_routes` and `write_litellm` do, after it has tried both.
    """
    publish_table(deployments.site.paths, files.routes, deployments.list)
    changed = False
    try:
        shadowed = write_routes(files.routes, lambda: routes_to(deployments.list()), clock=clock)
    finally:
        if files.litellm is not None:
            changed = write_litellm(
                files.litellm,
                lambda: litellm_text_of(deployments, files.routes, keyless=files.keyless),
                mark=MARK,
                clock=clock,
            )
    return Publication(shadowed=shadowed, litellm=changed)


def litellm_of(deployments: Deployments, routing_file: Path, *, keyless: bool) -> dict[str, Any]:
    """LiteLLM's configuration for all that the gateway serves and it can be handed the keys of: ready deployments,
    upstreams, and the user's names.
    """
    public = public_names(routing_file)
    present = deployments.list()
    upstreams = _upstreams(deployments, present)
    return litellm_config(
        present,
        keyless=keyless,
        remote=[_remote(name, item) for name, item in upstreams.items() if _can_be_reached(item)],
        aliases=public.aliases,
        fallbacks=public.fallbacks,
        weights=public.weights,
    )


def litellm_text_of(deployments: Deployments, routing_file: Path, *, keyless: bool) -> str:
    """The same as the file, which says what is left out."""
    upstreams = _upstreams(deployments, deployments.list())
    left_out = sorted(name for name, item in upstreams.items() if item.base_url and not _can_be_reached(item))
    return litellm_text(litellm_of(deployments, routing_file, keyless=keyless), left_out)


def _upstreams(deployments: Deployments, present: Sequence[Deployment]) -> Mapping[str, TableMember]:
    names = {item.name for item in present if item.removed_at is None}
    return set_apart(read_upstreams(gateway_files(deployments.site.paths)), names)


def _can_be_reached(upstream: TableMember) -> bool:
    """By LiteLLM, which is handed keys by variables: not what only the secret store has."""
    return upstream.base_url is not None and (upstream.api_key_env is None or upstream.api_key_env.isidentifier())


def _remote(name: str, upstream: TableMember) -> RemoteModel:
    return RemoteModel(
        name=name,
        base_url=upstream.base_url or "",
        model=upstream.model,
        api_key_env=upstream.api_key_env,
        task=upstream.task,
        ollama=upstream.ollama,
        serves=known_there(upstream),
        weighed=upstream.name,
    )
