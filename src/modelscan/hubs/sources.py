"""The registry of weight sources: who describes weights there, and how a backend gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass
from modelscan.hubs.folder.describer import FolderDescriber, local_folder
from modelscan.hubs.huggingface.hub import HuggingFace
from modelscan.hubs.modelscope.hub import ModelScope
from modelscan.hubs.protocol import Access, Delivery, Describes, Fetches, InFolder, Streamed
from modelscan.hubs.remote.describer import RemoteDescriber
from modelscan.hubs.remote.listings import Listings
from modelscan.hubs.remote.site import HubSite
from modelscan.hubs.s3.describer import S3Describer
from modelscan.model import Source
from modelscan.model.words import HubName
from modelscan.settings.reading import Settings
from modelscan.system.clock import Clock
from modelscan.weights.address import parse_s3

if TYPE_CHECKING:
    from modelscan.system.http import Http

_SITES: dict[HubName, Callable[[Access], HubSite]] = {"huggingface": HuggingFace, "modelscope": ModelScope}
_DESCRIBERS: dict[Source, Callable[[Access], Describes]] = {
    "huggingface": lambda access: RemoteDescriber(listings("huggingface", access)),
    "modelscope": lambda access: RemoteDescriber(listings("modelscope", access)),
    "local_path": FolderDescriber,
    "s3": S3Describer,
}
_DELIVERIES: dict[Source, Callable[[str, Access], Delivery]] = {
    "huggingface": lambda _, access: fetcher("huggingface", access),
    "modelscope": lambda _, access: fetcher("modelscope", access),
    "local_path": lambda repo_id, _: InFolder(local_folder(repo_id)),
    "s3": lambda repo_id, _: Streamed(parse_s3(repo_id)),
}


@dataclass(frozen=True, slots=True)
class Sources:
    """The describers, deliveries and fetchers of all sources, with one access to them."""

    access: Access

    def describer(self, source: Source) -> Describes:
        """The describer of this source."""
        return describer(source, self.access)

    def delivery(self, source: Source, repo_id: str) -> Delivery:
        """How a backend gets these weights. Raises Usage for an invalid address."""
        return _DELIVERIES[source](repo_id, self.access)

    def fetcher(self, hub: HubName) -> Fetches:
        """The fetcher of a hub."""
        return fetcher(hub, self.access)


def sources_of(
    settings: Settings, *, environ: Callable[[], Mapping[str, str]], http: Callable[[], Http], clock: Clock
) -> Sources:
    """`environ` is asked when a hub is: it may open a keyring."""
    return Sources(Access(settings=settings, environ=environ, http=http, clock=clock))


def describer(source: Source, access: Access) -> Describes:
    """The describer of this source."""
    return _DESCRIBERS[source](access)


def fetcher(hub: HubName, access: Access) -> Fetches:
    """The fetcher of a hub."""
    from modelscan.hubs.remote.fetcher import RemoteFetcher  # and with it what transfers: `plan` needs none of that

    return RemoteFetcher(listings(hub, access))


def listings(hub: HubName, access: Access) -> Listings:
    """The listings of a hub."""
    return Listings(_SITES[hub](access), access)
