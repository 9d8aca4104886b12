"""What a job needs of a context."""

from __future__ import annotations

from typing import Protocol

from modelscan.settings.reading import Settings
from modelscan.system.clock import Clock


class JobSite(Protocol):
    """A `Context` is one; so is what a test makes."""

    @property
    def settings(self) -> Settings: ...

    @property
    def clock(self) -> Clock: ...
