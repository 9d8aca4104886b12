"""What to look for in the catalog."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from modelscan.api.bodies.words import Hardware
from modelscan.catalog.index.filters import Filters
from modelscan.catalog.naming.names import largest_called
from modelscan.catalog.sources.standing import STANDINGS
from modelscan.errors import Conflict
from modelscan.model.words import Capability, Task
from modelscan.units import parse_count

_Source: Any = Literal[tuple(STANDINGS)]


class CatalogQuery(BaseModel):
    """Parameters of a search; `hardware` is the machine that `fits` asks about."""

    q: Annotated[str, Field(max_length=200, description="Words of a name, family, task or size")] = ""
    limit: Annotated[int, Field(ge=1, le=200, description="The most to list")] = 20
    task: Task | None = None
    capability: Capability | None = None
    max_params: Annotated[
        str | None, Field(pattern=r"^[1-9][0-9]{0,5}(\.[0-9]{1,3})?[kmbtKMBT]?$", description="Such as `14b`")
    ] = None
    license: Annotated[str | None, Field(max_length=100)] = None
    source: Annotated[_Source | None, Field(description="Only models of this catalog source")] = None
    open: Annotated[bool, Field(description="Hide closed models")] = False
    fits: Annotated[bool, Field(description="Only what fits this machine, and how it would run")] = False
    hardware: Annotated[Hardware | None, Field(description="With `fits`: the machine, such as `rtx-4090`")] = None

    @property
    def filters(self) -> Filters:
        return Filters(
            task=self.task,
            capability=self.capability,
            max_parameters=largest_called(parse_count(self.max_params)) if self.max_params else None,
            license=self.license,
            source=self.source,
            open_only=self.open,
        )

    @property
    def machine(self) -> str | None:
        """Raises Conflict where nothing asks for a machine."""
        if self.hardware is not None and not self.fits:
            raise Conflict("`hardware` says which machine to fit, and `fits` is missing", hints=["add fits=true"])
        return self.hardware
