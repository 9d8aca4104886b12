"""Where clients reach a deployment."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.errors import BackendFailed, ConfigInvalid
from modelscan.exports.clients.endpoint import ClientEndpoint, endpoint_to
from modelscan.model import Deployment
from modelscan.routing.gateway_files import gateway_files, read_table
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context
from modelscan.storage.keys import read_keys
from modelscan.targets.deployments import require_port

KEY_VARIABLE = "MODELSCAN_KEY"  # where clients of the gateway keep their key


def client_endpoint(context: Context, deployment: Deployment, *, name: str | None = None) -> ClientEndpoint:
    """The address and the name that clients are given: of all that connects clients, nothing else knows which.

    Where a gateway runs it is the gateway's, with `name`, one of those that it knows the deployment by.
    """
    own = endpoint_to(deployment)
    running = running_gateway(context)
    if running is None:
        require_port(deployment)
        return own
    return dataclasses.replace(
        own, base_url=running.base_url, model=name or deployment.name, api_key_env=_key_variable(context)
    )


def upstream_endpoint(context: Context, name: str) -> ClientEndpoint | None:
    """The gateway's for a name that leads to an upstream, whose key it alone has; None for any other name.

    Raises BackendFailed where no gateway runs.
    """
    table = read_table(gateway_files(context.settings.paths))
    behind = table.behind(name)
    found = next((item for item in table.members if item.name in behind), None)
    if found is None or found.kind != "upstream":
        return None
    running = running_gateway(context)
    if running is None:
        raise BackendFailed(
            f"`{name}` is reached through the gateway, which is not running", hints=["modelscan gateway start"]
        )
    return ClientEndpoint(
        base_url=running.base_url,
        model=name,
        api_key_env=_key_variable(context),
        task=found.task,
        context_length=found.max_model_len,
        tool_calls=True,
    )


def _key_variable(context: Context) -> str | None:
    return KEY_VARIABLE if read_keys(context.settings.paths.keys_file) else None


def key_of(context: Context, endpoint: ClientEndpoint) -> str | None:
    """The key that the endpoint asks for. Raises ConfigInvalid where its variable is not set."""
    variable = endpoint.api_key_env
    if variable is None:
        return None
    key = context.settings.environ.get(variable)
    if not key:
        raise ConfigInvalid(
            f"the environment variable `{variable}` with the API key of `{endpoint.model}` is not set",
            hints=[f"export {variable}=…"],
            details={"variable": variable},
        )
    return key
