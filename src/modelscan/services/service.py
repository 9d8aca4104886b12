"""Which services there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, cast

from modelscan.settings.reading import Settings


class Service(NamedTuple):
    """`name` is its command, its section of the settings, its folder and the tag of its supervisor; `module` serves."""

    name: str
    title: str
    module: str


class Place(Protocol):
    """What every service's section says."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def drain_seconds(self) -> float: ...


GATEWAY = Service("gateway", "the gateway", "modelscan.gateway.serve")
API = Service("api", "the HTTP API", "modelscan.api.serve")
SERVICES: Mapping[str, Service] = {service.name: service for service in (GATEWAY, API)}


def place_of(settings: Settings, service: Service) -> Place:
    """Its section of the settings."""
    return cast("Place", getattr(settings, service.name))
