"""The name of a model where somebody else serves it."""

from __future__ import annotations

from urllib.parse import urlsplit

from modelscan.errors import ModelscanError, Usage
from modelscan.parsing.addresses import is_loopback
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.secrets import token_of_model
from modelscan.playground.sources import api_of
from modelscan.routing.addresses import with_version
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context
from modelscan.selecting.entries.offered import offered_at

_SECONDS = 5.0


def name_there(context: Context, model: PlaygroundModel) -> tuple[str, str | None]:
    """As its API lists it: by the name that people see, whatever its capitals; the only one where there is one. Without
    an answer it is the name that people see, and the second is why that may be wrong. Raises Usage for our own gateway.
    """
    base_url, name = with_version(api_of(model.source)), model.display_name
    _refuse_itself(context, base_url)
    if context.settings.offline:
        return name, None
    try:
        offered = offered_at(base_url, token_of_model(context.settings.paths, model), timeout=_SECONDS)
    except ModelscanError as error:
        cause = f": {error.cause[0]}" if error.cause else ""
        return name, f"{error.message} now{cause}; the gateway asks it again"
    names = [item.model for item in offered]
    if name in names:
        return name, None
    alike = [item for item in names if item.casefold() == name.casefold()] or names
    if len(alike) == 1:
        return alike[0], None
    return name, f"`{model.source}` does not list `{name}`" if names else None


def _refuse_itself(context: Context, base_url: str) -> None:
    running, there = running_gateway(context), urlsplit(base_url)
    if running is not None and is_loopback(there.hostname) and there.port == running.port:
        raise Usage(f"`{base_url}` is this gateway itself")
