"""Plans where no GPU holds the model: `python -m benchmarks.host_memory`.

The open chat models that most hosts offer, on five laptops and workstations without a GPU of use, and on a card of
24 GB beside 64, 128 and 512 GiB of RAM, with the reason for each choice. Exits with 1 where one has none.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from modelscan.catalog.index.open import open_index
from modelscan.errors import ModelscanError
from modelscan.hardware.amd.read import NOT_LISTED
from modelscan.hardware.nvidia.read import ADVICE, VERSION_MISMATCH
from modelscan.model import Candidate, Cpu, Gpu, Hardware, Plan, PlanRequest
from modelscan.selecting.context import Context
from modelscan.selecting.plan import plan_model
from modelscan.settings.reading import load_settings
from modelscan.storage.documents import to_document
from modelscan.units import GIB, format_bytes, format_tokens

_DESKTOP = ("sse4_2", "f16c", "fma", "avx", "avx2")


def _without(gib: int, *faults: str, devices: tuple[Gpu, ...] = (), model: str) -> Hardware:
    """A machine of which no GPU can be used, as `modelscan gpu --json` says it there."""
    host = Cpu(
        model=model,
        architecture="x86_64",
        isa=_DESKTOP,
        memory_total_bytes=gib * GIB,
        memory_free_bytes=(gib - 2) * GIB,
    )
    return Hardware(devices=devices, cpu=host, faults=faults, warnings=faults)


_APU = Gpu(
    index=0, vendor="amd", name="AMD Radeon 780M", gfx_target="gfx1103", integrated=True, memory_total_bytes=4 * GIB
)
_OLD = Gpu(index=0, name="NVIDIA GeForce GTX 770", compute_capability="3.0", memory_total_bytes=2 * GIB)
# By what they are called in the table: a machine, or the name of one.
MACHINES: Mapping[str, Hardware | str] = {
    "laptop, Intel graphics, 16 GiB": _without(16, model="Intel Core i5-1335U"),
    "laptop, Radeon 780M without ROCm, 32 GiB": _without(32, devices=(_APU,), model="AMD Ryzen 7 7840U"),
    "desktop, GTX 770 (3.0), 32 GiB": _without(32, devices=(_OLD,), model="Intel Core i7-4770"),
    "workstation, AMD card without its driver, 64 GiB, --gpu none": _without(64, NOT_LISTED, model="AMD Ryzen 9 5950X"),
    "workstation, NVIDIA driver half updated, 192 GiB, --gpu none": _without(
        192, f"the NVIDIA driver {ADVICE[VERSION_MISMATCH]}", model="Intel Core i9-13900K"
    ),
    "rtx-4090+64gib-ram": "rtx-4090+64gib-ram",
    "rtx-4090+128gib-ram": "rtx-4090+128gib-ram",
    "rtx-4090+512gib-ram": "rtx-4090+512gib-ram",
}
WANTED = 20
_SHORT = 110
_MOST_OFFERED = "SELECT id FROM models WHERE open AND weights AND task = 'chat' ORDER BY offers DESC, id LIMIT ?"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        here = Context(settings=load_settings(environ={"MODELSCAN_HOME": folder, "MODELSCAN_OFFLINE": "1"}))
        return _table(here, Path(folder))


def _described(folder: Path, name: str) -> tuple[str, bool]:
    """What `--hardware` takes, and whether to say `--gpu none`: where a GPU fails, nothing is planned without it."""
    machine = MACHINES[name]
    if isinstance(machine, str):
        return machine, False
    file = folder / f"{name.replace(' ', '-')}.json"
    file.write_text(json.dumps(to_document(machine)), encoding="utf-8")
    return str(file), bool(machine.faults)


def _table(here: Context, folder: Path) -> int:
    index = open_index(here.settings)
    ids = [model for (model,) in index.rows(_MOST_OFFERED, (WANTED,))]
    print("| model | machine | plan | tokens/s | memory | why |\n|---|---|---|---|---|---|")
    outcomes: Counter[str] = Counter()
    for model in ids:
        for machine in MACHINES:
            described, no_gpu = _described(folder, machine)
            try:
                plan = plan_model(here, PlanRequest(model=model, no_gpu=no_gpu), described_hardware=described).plan
            except ModelscanError as error:  # its shape does not ship, and nobody is asked
                outcomes["not planned offline"] += 1
                print(f"| {model} | {machine} | ? | | | {error.message} |")
                continue
            cells = _cells(plan)
            outcomes[plan.chosen.backend if plan.chosen is not None else "refused"] += 1
            outcomes["without a reason"] += not cells[-1]
            print(f"| {model} | {machine} | {' | '.join(cells)} |")
    print(", ".join(f"{count} {what}" for what, count in outcomes.most_common()), file=sys.stderr)
    return 1 if outcomes["without a reason"] else 0


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
