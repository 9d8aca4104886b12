"""Where clients reach a deployment."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.errors import ConfigInvalid
from modelscan.exports.clients.endpoint import ClientEndpoint, endpoint_to
from modelscan.model import Deployment
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context
from modelscan.storage.keys import read_keys

KEY_VARIABLE = "MODELSCAN_KEY"  # where clients of the gateway keep their key


def client_endpoint(context: Context, deployment: Deployment, *, name: str | None = None) -> ClientEndpoint:
    """The address and the name that clients are given: of all that connects clients, nothing else knows which.

    Where a gateway runs it is the gateway's, with `name`, one of those that it knows the deployment by.
    """
    own = endpoint_to(deployment)
    running = running_gateway(context)
    if running is None:
        return own
    keys = read_keys(context.settings.paths.keys_file)
    return dataclasses.replace(
        own,
        base_url=running.base_url,
        model=name or deployment.name,
        api_key_env=KEY_VARIABLE if keys else None,
    )


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
