"""What computes a candidate: a GPU of the table, or the CPU."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.dataclasses import dataclass
from modelscan.model import Candidate, Gpu
from modelscan.planning.options.facts import KernelSupport, PlanningFacts
from modelscan.planning.options.speed_constants import SpeedTable

_CPU = "cpu"
_EIGHT_BIT = frozenset({"FP8", "INT8"})
_FOUR_BIT_FLOAT = frozenset({"NVFP4", "MXFP4", "FP4"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Processor:
    """`target` and `kernel` select constants. `bandwidth` is what the memory could give, `tflops` what the units of
    this format could; `power` is the limit of its power over the vendor's. `linked`: GPUs exchange over NVLink or xGMI,
    each way at `link` bytes per second.
    """

    table: SpeedTable
    target: str
    kernel: frozenset[str]
    name: str
    bandwidth: float
    tflops: float | None = None
    native: bool = False
    power: float = 1.0
    linked: bool = False
    link: float = 1.0

    def constant(self, name: str, *words: str) -> float:
        return self.table.of(name, self.target, self.kernel.union(words))


def processor_of(
    candidate: Candidate,
    gpus: Sequence[Gpu],
    kernel: KernelSupport | None,
    facts: PlanningFacts,
    *,
    bridged: bool = False,
) -> Processor | None:
    """None where the figures of the GPU are not known. `bridged`: NVLink is there, which the GPU can do without."""
    table = facts.speeds
    if not gpus:
        words = frozenset({_bits(candidate.quantization)})
        return Processor(table=table, target=_CPU, kernel=words, name="the CPU", bandwidth=table.of("bandwidth", _CPU))
    known = facts.gpu(gpus[0])
    if known is None or known.bandwidth_gb_s is None:
        return None
    native = kernel is not None and kernel.native_on(gpus[0])
    quantization, tflops = candidate.quantization, known.bf16_tflops
    if native and quantization in _EIGHT_BIT:
        tflops = known.fp8_tflops or tflops
    if native and quantization in _FOUR_BIT_FLOAT:
        tflops = known.fp4_tflops or tflops
    wired = known.interconnect.lower()
    linked = wired.startswith(("nvlink", "xgmi")) or (bridged and "nvlink" in wired)
    target = known.compute_capability or known.gfx_target or ""
    figure = known.interconnect.split()[-1]  # of both directions together, as vendors count
    link = table.of("link", target, {"pcie"})
    if linked and figure.replace(".", "").isdecimal():
        link = float(figure) / 2 * 1e9 * table.of("link_reached", target, {"nvlink"})
    return Processor(
        table=table,
        target=target,
        kernel=_words(quantization, native=native),
        name=known.name,
        bandwidth=known.bandwidth_gb_s * 1e9,
        tflops=tflops,
        native=native,
        power=_power_left(gpus),
        linked=linked,
        link=link,
    )


def _power_left(gpus: Sequence[Gpu]) -> float:
    """Of the GPU with least, for which the others wait; a limit above the vendor's brings nothing."""
    shares = [
        gpu.power_limit_watts / gpu.power_default_watts
        for gpu in gpus
        if gpu.power_limit_watts and gpu.power_default_watts
    ]
    return min([1.0, *shares])


def _bits(quantization: str | None) -> str:
    if quantization in _EIGHT_BIT:
        return "8-bit"
    return "4-bit" if quantization in _FOUR_BIT_FLOAT or quantization == "INT4" else "16-bit"


def _words(quantization: str | None, *, native: bool) -> frozenset[str]:
    """`weight-only`: the weights are unpacked to 16 bits before they are multiplied, which hides nothing behind it."""
    words = {_bits(quantization)}
    if quantization in _EIGHT_BIT:
        words.add("native" if native else "weight-only")
    if quantization == "INT4":
        words.add("weight-only")
    return frozenset(words)
