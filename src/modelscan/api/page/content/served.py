"""The models that the gateway serves, as pages show them: one by one, with what each costs."""

from __future__ import annotations

from modelscan.catalog.index.open import open_index
from modelscan.dataclasses import dataclass
from modelscan.model import Pricing
from modelscan.routing.compiled import TableMember
from modelscan.routing.gateway_files import gateway_files, read_table
from modelscan.selecting.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class PageModel:
    """`pricing` is what it costs there; of one that runs here, what hosts ask for the same model."""

    name: str
    task: str
    status: str
    is_here: bool
    on_demand: bool
    pricing: Pricing | None
    context_length: int | None

    @property
    def answers(self) -> bool:
        return self.status == "ready" or self.on_demand


def page_models(context: Context) -> list[PageModel]:
    """Deployments first; by their own names, not by the others that they go by."""
    table = read_table(gateway_files(context.settings.paths))
    catalog = {item.name: item.catalog_id for item in context.deployments.recorded()}
    found = [_model(context, item, catalog.get(item.name)) for item in table.members]
    return sorted(found, key=lambda item: (not item.is_here, item.name))


def _model(context: Context, member: TableMember, catalog_id: str | None) -> PageModel:
    pricing = member.pricing
    if pricing is None and catalog_id is not None:
        model = open_index(context.settings).get(catalog_id)
        pricing = model.pricing if model is not None else None
    return PageModel(
        name=member.name,
        task=member.task,
        status=member.status,
        is_here=member.kind == "deployment",
        on_demand=member.on_demand,
        pricing=pricing,
        context_length=member.max_model_len,
    )
