"""The files in which ready deployments are published, and what a supervisor is told of them on its command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelscan.dataclasses import dataclass

_ROUTES, _LITELLM, _KEYLESS = "--routes", "--litellm", "--litellm-keyless"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFiles:
    """`litellm` is a configuration of LiteLLM, where one is kept; `keyless` that it needs no master key."""

    routes: Path
    litellm: Path | None = None
    keyless: bool = False

    def options(self) -> tuple[str, ...]:
        """As pairs of words that `from_options` reads."""
        litellm = (_LITELLM, str(self.litellm)) if self.litellm is not None else ()
        return (_ROUTES, str(self.routes), *litellm, *((_KEYLESS, "yes") if self.keyless else ()))


def from_options(options: Mapping[str, str]) -> PublishedFiles | None:
    """None where no file was named; `--file` is what supervisors of the previous release say."""
    routes = options.get(_ROUTES) or options.get("--file")
    if not routes:
        return None
    litellm = options.get(_LITELLM)
    return PublishedFiles(
        routes=Path(routes), litellm=Path(litellm) if litellm else None, keyless=options.get(_KEYLESS) == "yes"
    )
