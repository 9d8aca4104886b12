"""What llama.cpp takes, against starts that others measured: `python -m benchmarks.llamacpp_accuracy`.

`data/llamacpp_truth_dev.csv` has one row per start, from public logs (`ref`). A row counts for weights where its model
and its quantization are certain, for all else where its model is; the others are shown. Weights are counted by scheme
here: where a header was read, they are its sum.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelscan.backends.llamacpp.offloads import OFFLOADS, working
from modelscan.dataclasses import dataclass
from modelscan.hubs.families import shipped_families
from modelscan.model import Architecture
from modelscan.storage.shipped import shipped_text
from modelscan.units import MIB
from modelscan.weights.counting.gguf_bytes import by_scheme
from modelscan.weights.counting.kv_cache import layer_kinds
from modelscan.weights.counting.sizes import Sized
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.shipped import describe_shipped

_DATA = Path(__file__).parent / "data" / "llamacpp_truth_dev.csv"
_CONFIGS: Mapping[str, dict[str, Any]] = {
    "demo": {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 192,
        "intermediate_size": 448, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64,
        "vocab_size": 1024, "tie_word_embeddings": True,
    },
    "bge": {
        "architectures": ["BertModel"], "model_type": "bert", "num_hidden_layers": 12, "hidden_size": 384,
        "intermediate_size": 1536, "num_attention_heads": 12, "vocab_size": 30522, "max_position_embeddings": 512,
    },
    "pythia": {
        "architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "num_hidden_layers": 32, "hidden_size": 2560,
        "intermediate_size": 10240, "num_attention_heads": 32, "vocab_size": 50304, "tie_word_embeddings": False,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What a row is of. `quantization` as its bytes show it, None where they fit none; `note` says why."""

    shape: str
    quantization: str | None
    note: str = ""


# By the beginning of the row's model and quantization.
_ROWS: Mapping[str, Known] = {
    "demo (catalogs/demo Llama 1.8M),F32": Known("demo", "F32"),
    "demo (catalogs/demo Llama 1.8M),Q8_0": Known("demo", "Q8_0"),
    "bge-small-en,F16": Known("bge", "F16"),
    "pythia-2.8b": Known("pythia", "F16"),
    "Llama-3-8B": Known("meta-llama/Meta-Llama-3-8B-Instruct", "Q4_K_M", "its bytes are those of Q4_K_M to 0.01 MiB"),
    "Llama-3.2-1B": Known("meta-llama/Llama-3.2-1B-Instruct", "Q8_0"),
    "gemma-2-2b": Known("google/gemma-2-2b-it", None, "`Q4_K` is no file type"),
    "Qwen3-8B": Known("Qwen/Qwen3-8B", "Q8_0"),
    "Mistral-Small-24B": Known("mistralai/Mistral-Small-24B-Instruct-2501", None, "a class of models, not one"),
    "DeepSeek-R1-Distill-Qwen-32B": Known("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "Q4_K_M"),
    "Qwen3.5/3.6-27B": Known("Qwen/Qwen3.5-27B", None, "`Q4` is no file type, and its layers to draft are in it"),
    "Qwen3-Coder-30B-A3B": Known("Qwen/Qwen3-Coder-30B-A3B-Instruct", "Q4_K_M"),
    "DeepSeek-R1/V3 671B": Known("deepseek-ai/DeepSeek-R1", None, "no size in the log"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of a row in MiB; `exact` ones have no bounds."""

    what: str
    row: str
    predicted: Sized
    measured: float
    counts: bool
    exact: bool

    @property
    def error(self) -> float:
        return self.predicted.estimate / MIB / self.measured - 1

    @property
    def held(self) -> bool:
        return self.predicted.low / MIB - 0.01 <= self.measured <= self.predicted.high / MIB + 0.01


def main() -> int:
    found = all_figures()
    for what in ("weights", "KV cache", "states", "compute"):
        print(f"## {what}")
        for figure in (item for item in found if item.what == what):
            low, high = figure.predicted.low / MIB, figure.predicted.high / MIB
            shown = f"{figure.predicted.estimate / MIB:10.2f}" if figure.exact else f"{low:8.1f} to {high:8.1f}"
            verdict = f"{figure.error:+.2%}" if figure.exact else "held" if figure.held else "NOT HELD"
            counted = "" if figure.counts else "   (not counted)"
            print(f"{figure.row:<44.44} {shown}   measured {figure.measured:>9.2f}   {verdict}{counted}")
        judged = [item for item in found if item.what == what and item.counts]
        if what == "compute":
            print(f"held: {sum(item.held for item in judged)} of {len(judged)}\n")
        else:
            print(f"largest error of {len(judged)}: {max(abs(item.error) for item in judged):.2%}\n")
    return 0


def all_figures() -> list[Measured]:
    """Of every row whose shape is known."""
    return [figure for row in _rows() for figure in figures(row)]


def figures(row: Mapping[str, str]) -> list[Measured]:
    """What a row says, and what we say."""
    title = f"{row['model']},{row['quant']}"
    known = next((item for start, item in _ROWS.items() if title.startswith(start)), None)
    shape = None if known is None else _shape(known.shape)
    if known is None or shape is None:
        return []
    certain = "class" not in known.note
    return [*_weights(title, row, known, shape), *_states(title, row, shape), *_compute(title, row, shape, certain)]


def _weights(title: str, row: Mapping[str, str], known: Known, shape: Architecture) -> list[Measured]:
    """Together where layers or experts lie on the host, else apart."""
    laid = by_scheme(shape, known.quantization or "Q4_K_M")
    on_gpu, on_host = _number(row["gpu_weights_mib"]), _number(row["host_weights_mib"])
    if laid is None or on_gpu is None:
        return []
    tensors, counts = laid[0], known.quantization is not None
    layers = sum(layer.rest + layer.experts for layer in tensors.layers)
    whole = tensors.total - tensors.projector
    offloaded = row["layers_on_gpu"].partition("/")
    if offloaded[0] in {"0", ""} and on_gpu == 0 and on_host is not None:
        return [_exact("weights", title, whole, on_host, counts)]
    if on_host is not None and on_host > on_gpu:
        return [_exact("weights", title, whole, on_gpu + on_host, counts)]
    found = [_exact("weights", title, layers + tensors.output, on_gpu, counts)]
    return found if on_host is None else [*found, _exact("weights", title, tensors.embedding, on_host, counts)]


def _states(title: str, row: Mapping[str, str], shape: Architecture) -> list[Measured]:
    """`slots` of a row share its context, or have a cache each; a draft context of llama.cpp's keeps four states."""
    measured, context = _number(row["kv_mib"]), _number(row["ctx"])
    if context is None:
        return []
    slots = 1 if "unified" in row["slots"] else int(row["slots"].split()[0])
    number = OFFLOADS.number_bytes(row["kv_type"]) or 2.0
    kinds = layer_kinds(shape)
    if "full-size SWA" in row["model"]:
        kinds = {"full": sum(kinds.values())}
    kept = OFFLOADS.cache_bytes(shape, int(context) // slots, slots, number)
    cache = sum(kept.get(kind, 0) * count for kind, count in kinds.items() if kind != "linear")
    found = [] if measured is None else [_exact("KV cache", title, cache, measured, counts=True)]
    states = _number(row["rs_mib"])
    if states and "linear" in kinds:
        found.append(_exact("states", title, 4 * kept["linear"] * kinds["linear"], states, counts=True))
    return found


def _compute(title: str, row: Mapping[str, str], shape: Architecture, counts: bool) -> list[Measured]:
    """Of the GPU and of the host. A build for GPUs that is given no layer copies the output matrix to the GPU."""
    context, step = _number(row["ctx"]), _number(row["ubatch"])
    if context is None or step is None:
        return []
    room = working(shape, int(context), 1, step=int(step), flash=row["flash_attn"] != "off")
    alone = row["device"] == "CPU"
    on_gpu = room.gpu
    if row["layers_on_gpu"].startswith("0/"):
        on_gpu += Sized(0, 0, int((shape.vocab_size or 0) * (shape.hidden_size or 0) * 210 / 256))
    found = []
    for column, size in (("gpu_compute_mib", on_gpu), ("host_compute_mib", room.alone if alone else room.host)):
        measured = _number(row[column])
        if measured:
            found.append(Measured("compute", f"{title} {column[:4]}", size, measured, counts, exact=False))
    return found


def _exact(what: str, title: str, size: int, measured: float, counts: bool) -> Measured:
    return Measured(what, title, Sized(size, size, size), measured, counts, exact=True)


def _shape(name: str) -> Architecture | None:
    if name in _CONFIGS:
        return read_architecture(_CONFIGS[name], shipped_families())
    found = describe_shipped(name, "huggingface", shipped_text("architectures.json"), shipped_families())
    return found.architecture if found is not None else None


def _number(text: str) -> float | None:
    """The first number of a cell: what stands behind it explains it."""
    try:
        return float(text.split(maxsplit=1)[0])
    except (IndexError, ValueError):
        return None


def _rows() -> list[dict[str, str]]:
    with _DATA.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    raise SystemExit(main())
