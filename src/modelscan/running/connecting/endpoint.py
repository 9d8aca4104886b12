"""Where clients reach a deployment."""

from __future__ import annotations

from modelscan.errors import ConfigInvalid
from modelscan.exports.clients.endpoint import ClientEndpoint, endpoint_to
from modelscan.model import Deployment
from modelscan.selecting.context import Context


def client_endpoint(context: Context, deployment: Deployment) -> ClientEndpoint:  # noqa: ARG001  a gateway is looked for here
    """The address and the name that clients are given: of all that connects clients, nothing else knows which."""
    return endpoint_to(deployment)


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
