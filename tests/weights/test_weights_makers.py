"""How makers quantize, where their files are unknown: against the sizes of files that others published."""

from __future__ import annotations

import pytest

from modelscan.hubs.families import shipped_families
from modelscan.model import WeightsDescription
from modelscan.selecting.known_here import borrowed_shape
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.counting.drafting import drafting_bytes
from modelscan.weights.reading.makers import MAKERS, read_makers
from modelscan.weights.reading.shipped import describe_shipped

ROWS = read_makers(shipped_text(MAKERS))
# The model of each repo whose files somebody measured, and the scheme that it is named for.
BASES = {
    "Inferact/Qwen3.8-27B-NVFP4": ("Qwen/Qwen3.8-27B", "NVFP4"),
    "unsloth/Qwen3.8-27B-NVFP4": ("Qwen/Qwen3.8-27B", "NVFP4"),
    "RedHatAI/Qwen3.6-35B-A3B-NVFP4": ("Qwen/Qwen3.6-35B-A3B", "NVFP4"),
    "RedHatAI/Qwen3.6-27B-NVFP4": ("Qwen/Qwen3.6-27B", "NVFP4"),
    "nvidia/Qwen3-32B-NVFP4": ("Qwen/Qwen3-32B", "NVFP4"),
    "Intel/Qwen3.6-27B-int4-AutoRound": ("Qwen/Qwen3.6-27B", "INT4"),
    "cyankiwi/Qwen3.6-27B-AWQ-INT4": ("Qwen/Qwen3.6-27B", "INT4"),
    "cyankiwi/gemma-4-26B-A4B-it-AWQ-4bit": ("google/gemma-4-26B-A4B", "INT4"),
    "cyankiwi/gemma-4-31B-it-AWQ-4bit": ("google/gemma-4-31B-it", "INT4"),
}


def made(repo: str) -> tuple[WeightsDescription, str]:
    base, quantization = BASES[repo]
    lender = describe_shipped(base, "huggingface", shipped_text("architectures.json"), shipped_families())
    assert lender is not None
    form = WeightsDescription(source="huggingface", repo_id=repo, location=repo, quantization=quantization)
    return borrowed_shape(form, [lender]), quantization


def gib(repo: str, tensor_parallel: int = 1) -> tuple[float, float, float]:
    weights, quantization = made(repo)
    size = weights_bytes(weights, quantization, tensor_parallel=tensor_parallel)
    assert size is not None
    return size.low / GIB, size.estimate / GIB, size.high / GIB


@pytest.mark.parametrize("checked", [row.checked for row in ROWS if row.checked], ids=lambda row: row[0])
def test_the_files_have_the_size_that_they_have(checked: tuple[str, float]) -> None:
    repo, files = checked
    weights, quantization = made(repo)
    loaded = weights_bytes(weights, quantization)
    assert loaded is not None
    assert weights.architecture is not None
    # What drafts is in the files and not loaded; AutoRound packs it too, which is not counted so.
    drafting = drafting_bytes(weights, quantization) if "speculative_layers" in weights.architecture.sizes else None
    assert weights.verified
    assert loaded.estimate + (drafting.estimate if drafting else 0) == pytest.approx(files, rel=0.03)


@pytest.mark.parametrize(
    ("repo", "gpus", "loaded"),
    [
        ("Inferact/Qwen3.8-27B-NVFP4", 2, 12.02),  # vllm-project/recipes#810
        ("unsloth/Qwen3.8-27B-NVFP4", 2, 10.65),  # the same
        ("RedHatAI/Qwen3.6-35B-A3B-NVFP4", 1, 21.88),  # a public log of a start on an RTX 5090
    ],
)
def test_what_starts_printed_lies_within_the_bounds(repo: str, gpus: int, loaded: float) -> None:
    low, estimate, high = gib(repo, gpus)
    assert low <= loaded <= high
    assert estimate == pytest.approx(loaded, rel=0.02)


def test_a_maker_of_whom_nothing_is_said_keeps_the_wider_bounds() -> None:
    base, _ = made("Inferact/Qwen3.8-27B-NVFP4")
    assert base.shape_from is not None
    shape = describe_shipped(base.shape_from, "huggingface", shipped_text("architectures.json"), shipped_families())
    assert shape is not None
    form = WeightsDescription(source="huggingface", repo_id="x/Qwen3.8-27B-NVFP4", location="x", quantization="NVFP4")
    size = weights_bytes(borrowed_shape(form, [shape]), "NVFP4")
    assert size is not None
    assert size.high - size.low > 0.25 * size.estimate


def test_a_head_is_16_bit_unless_a_group_names_it() -> None:
    weights, _ = made("unsloth/Qwen3.8-27B-NVFP4")
    assert weights.architecture is not None
    assert any("lm_head" in name for group in weights.architecture.quant_groups for name in group.modules)


def test_the_gates_that_makers_list_are_no_layers() -> None:
    """`re:.*shared_expert_gate$` stands in one list for dense models and experts: all but linear attention is packed."""
    _, estimate, high = gib("RedHatAI/Qwen3.6-27B-NVFP4")
    assert 24.0 < estimate < 26.5
    assert high < 28.0


def test_all_of_a_dense_model_but_its_head_is_packed() -> None:
    """31.2B matrices in NVFP4 and two of the vocabulary's size in 16 bits, as its hf_quant_config.json says."""
    low, estimate, _ = gib("nvidia/Qwen3-32B-NVFP4")
    assert estimate == pytest.approx(19.25, rel=0.01)
    assert low < 18.5
