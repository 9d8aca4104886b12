"""The targets, by the name that a deployment's record keeps: each a module with a function `target`, loaded on use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from modelscan.errors import Usage

if TYPE_CHECKING:
    from modelscan.targets.site import Site
    from modelscan.targets.target import Target

TARGETS: Mapping[str, str] = {
    "local": "modelscan.targets.local.target",
    "ollama": "modelscan.targets.ollama.target",
}
HOSTS = ("ollama",)
"""Those of `target.Hosts`: for them `--backend` is the word, as the program that runs the model is their own."""


def target_named(name: str, site: Site, targets: Mapping[str, str] = TARGETS) -> Target:
    """Raises Usage for an unknown one."""
    if name not in targets:
        raise Usage(f"there is no target `{name}`", hints=[f"known are {', '.join(targets)}"], details={"target": name})
    return cast("Target", importlib.import_module(targets[name]).target(site))
