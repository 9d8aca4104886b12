"""What a place of weights is to the rest of the program, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modelscan.hubs.protocol import Access, Hub
from modelscan.model import Source

if TYPE_CHECKING:
    pass


def hub_of(source: Source, access: Access) -> Hub:
    """The hub that a source's name stands for."""
    return _HUBS[source](access)


def _huggingface(access: Access) -> Hub:
    from modelscan.hubs.huggingface.hub import huggingface

    return huggingface(access)


def _modelscope(access: Access) -> Hub:
    from modelscan.hubs.modelscope.hub import modelscope

    return modelscope(access)


def _local_path(access: Access) -> Hub:
    from modelscan.hubs.folder.hub import LocalFolder

    return LocalFolder(access)


def _s3(access: Access) -> Hub:
    from modelscan.hubs.s3.prefix import S3Prefix

    return S3Prefix(access)


_HUBS: dict[Source, Callable[[Access], Hub]] = {
    "huggingface": _huggingface,
    "modelscope": _modelscope,
    "local_path": _local_path,
    "s3": _s3,
}
