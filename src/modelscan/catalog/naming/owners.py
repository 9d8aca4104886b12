"""What stands before a name: a lab, a host, or anybody (pure)."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.asked import Asked
from modelscan.catalog.naming.lookup import Lookup


def whose(asked: Asked, index: Lookup) -> Asked:
    """The query with the owner that says whose model it is. An owner that is a host, or one before something that no
    repo is called (`user/model:tag`), says nothing of that; nor does what stands before a host.
    """
    if not asked.owners:
        return asked
    labs = [owner for owner in asked.owners if index.lab(owner)]
    is_host = asked.owners[-1].casefold() in vocabulary.HOSTS or index.is_host(asked.owners[-1])
    if labs and (asked.owners[-1] == labs[-1] or not is_host):
        return dataclasses.replace(asked, owner=labs[-1])
    if asked.repo is not None and not is_host:
        return asked
    return dataclasses.replace(asked, owner=None, repo=None, is_hosted=True)
