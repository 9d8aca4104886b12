"""A pull of the Playground API that failed, begun anew."""

from __future__ import annotations

from modelscan.errors import Conflict
from modelscan.playground.locks import commanding_model
from modelscan.playground.store import PlaygroundStore
from modelscan.playground.transitions import wanted_again
from modelscan.running.playground.commands import begin_pull
from modelscan.running.playground.looking import look_at
from modelscan.running.playground.sight import Sight
from modelscan.selecting.context import Context
from modelscan.system.clock import rfc3339


def pull_again(context: Context, model_id: str) -> None:
    """Begin it; what came before is gone on with. Raises ModelNotFound; Conflict for one that has not failed."""
    paths = context.settings.paths
    with PlaygroundStore.for_reading(paths, context.clock) as store:
        (seen,) = look_at(context, [store.kept(model_id)])  # how its pull ended is written down
    with commanding_model(paths, model_id, context.clock):
        with PlaygroundStore(paths, context.clock) as store:
            model = store.kept(model_id)
        if model.phase != "Failed":
            raise Conflict(f"its pull has not failed: its phase is {seen.now.phase}")
        # The row last: what is killed in between leaves a failed model, whose pull goes on and is found next time.
        if Sight(context).pull(wanted_again(model, model.updated_at)).status != "running":
            begin_pull(context, model)
        with PlaygroundStore(paths, context.clock) as store:
            at = rfc3339(context.clock.now())
            store.change(model_id, lambda row: wanted_again(row, at))
