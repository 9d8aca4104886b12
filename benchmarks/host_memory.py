"""Plans where no GPU holds the model: `python -m benchmarks.host_memory`.

The open chat models that most hosts offer, on five laptops and workstations without a GPU of use, and on a card of
24 GB beside 64, 128 and 512 GiB of RAM, with the reason for each choice.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter

from modelscan.catalog.index.open import open_index
from modelscan.errors import ModelscanError
from modelscan.model import Candidate, Plan, PlanRequest
from modelscan.selecting.context import Context
from modelscan.selecting.plan import plan_model
from modelscan.settings.reading import load_settings
from modelscan.units import format_bytes, format_tokens

MACHINES = (
    "cpu:8gb",
    "cpu:16gb",
    "cpu:32gb",
    "cpu:64gb",
    "cpu:192gb",
    "rtx-4090+64gib-ram",
    "rtx-4090+128gib-ram",
    "rtx-4090+512gib-ram",
)
WANTED = 20
_SHORT = 110
_MOST_OFFERED = "SELECT id FROM models WHERE open AND weights AND task = 'chat' ORDER BY offers DESC, id LIMIT ?"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        return _table(Context(settings=load_settings(environ={"MODELSCAN_HOME": folder, "MODELSCAN_OFFLINE": "1"})))


def _table(here: Context) -> int:
    index = open_index(here.settings)
    ids = [model for (model,) in index.rows(_MOST_OFFERED, (WANTED,))]
    print("| model | machine | plan | tokens/s | memory | why |\n|---|---|---|---|---|---|")
    outcomes: Counter[str] = Counter()
    for model in ids:
        for machine in MACHINES:
            try:
                plan = plan_model(here, PlanRequest(model=model), described_hardware=machine).plan
            except ModelscanError as error:  # its shape does not ship, and nobody is asked
                outcomes["not planned offline"] += 1
                print(f"| {model} | {machine} | ? | | | {error.message} |")
                continue
            outcomes[plan.chosen.backend if plan.chosen is not None else "refused"] += 1
            print(f"| {model} | {machine} | {' | '.join(_cells(plan))} |")
    print(", ".join(f"{count} {what}" for what, count in outcomes.most_common()), file=sys.stderr)
    return 0


def _cells(plan: Plan) -> tuple[str, str, str, str]:
    if plan.chosen is None:
        nearest = plan.rejected[0]
        return "no", "", _memory(nearest), nearest.reason[:_SHORT]
    chosen = plan.chosen
    speed = chosen.estimated.decode_tokens_per_second
    what = f"{chosen.backend} {chosen.quantization}, context {format_tokens(chosen.max_model_len)}"
    return what, f"{speed:.0f}" if speed is not None else "?", _memory(chosen), _why(chosen)


def _memory(candidate: Candidate) -> str:
    size = format_bytes(candidate.memory_per_gpu.total_bytes)
    if candidate.offload is None or not candidate.gpu_indices:
        return size
    return f"{size} + {format_bytes(candidate.offload.host_bytes)} host"


def _why(chosen: Candidate) -> str:
    wanted = ("backend: ", "offload: ", "pace: ", "weighed: ")
    return "; ".join(reason for reason in chosen.reasons if reason.startswith(wanted))


if __name__ == "__main__":
    raise SystemExit(main())
