"""What kernels lack or need, per GPU and version: applied, explained, and never past the version that ends a row."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from tests.planning.machines import FACTS, llama, machine, new_shape, weights

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import replace
from modelscan.model import Architecture, Plan, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.options.kernel_faults import parse_kernel_faults
from modelscan.storage.shipped import shipped_text

HEAD = "id,backend,device,capability,gfx,format,part,family,effect,since,ended,set,text,source\n"
DENSE = weights("lab/dense", llama())
EXPERTS = llama(
    model_type="qwen3_moe", num_experts=32, num_experts_per_token=4, moe_intermediate_size=768, total_parameters=None
)
NVFP4 = weights(
    "lab/experts-NVFP4", replace(EXPERTS, quant_method="modelopt", quant_bits=4), "NVFP4", format="modelopt"
)
GEMMA = weights("lab/gemma", new_shape(**{name: getattr(llama(), name) for name in (
    "num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size", "max_position_embeddings", "tie_word_embeddings")}, model_type="gemma4"))  # fmt: skip


def plan_for(item: WeightsDescription, spec: str, rows: str | None = None, **request: object) -> Plan:
    facts = FACTS if rows is None else replace(FACTS, faults=parse_kernel_faults(HEAD + rows))
    return make_plan(None, [item], machine(spec), PlanRequest(model="m", **request), facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "holds"), [("0.23.0", False), ("0.24.0", True), ("0.32.0+cpu", True), ("0.33.0", False), (None, False)]
)
def test_a_row_holds_from_its_version_to_the_one_that_ends_it(version: str | None, *, holds: bool) -> None:
    [gpu] = machine("rtx-5090").devices
    faults = parse_kernel_faults(f"{HEAD}x,vllm,cuda,12.0,,NVFP4,,,refused,0.24.0,0.33.0,,it is broken,a/b#1\n")
    assert any(faults.of("refused", "vllm", version, gpu, "NVFP4", None)) is holds


@pytest.mark.parametrize(
    ("row", "spec", "item", "word"),
    [
        ("12.1,,NVFP4,experts,", "gb10", NVFP4, "NVFP4"),
        (",gfx942,,,", "mi300x", DENSE, "BF16"),
        ("8.6,,FP8 KV,,gemma4", "rtx-3090", GEMMA, "FP8 KV"),
    ],
)
def test_a_row_is_of_its_gpu_format_part_and_family(row: str, spec: str, item: WeightsDescription, word: str) -> None:
    faults = parse_kernel_faults(f"{HEAD}x,vllm,cuda,{row},set,0.20.0,,A=1,why,a/b#1\n")

    def of(hardware: str, shown: str, weighed: WeightsDescription) -> bool:
        return any(faults.of("set", "vllm", "0.33.0", machine(hardware).devices[0], shown, weighed.architecture))

    assert of(spec, word, item)
    assert not of("rtx-4090", word, item)
    assert not any(faults.of("set", "sglang", "0.33.0", machine(spec).devices[0], word, item.architecture))
    assert of(spec, word, DENSE) is (item is DENSE)
    assert of(spec, "INT8", item) is (item is DENSE)
    assert not any(faults.of("set", "vllm", "0.33.0", None, word, item.architecture))


def test_arguments_and_variables_are_given_and_explained() -> None:
    rows = "x,vllm,cuda,12.1,,NVFP4,experts,,set,0.20.0,,--moe-backend=marlin A_SWITCH=0,only this works,a/b#1\n"
    chosen = plan_for(NVFP4, "gb10", rows).chosen
    assert chosen is not None
    assert "--moe-backend=marlin" in chosen.argv
    assert chosen.env["A_SWITCH"] == "0"
    assert "kernels: only this works: --moe-backend=marlin --env A_SWITCH=0 (a/b#1)" in chosen.reasons


def test_what_the_user_gave_wins() -> None:
    rows = "x,vllm,cuda,12.1,,NVFP4,,,set,0.20.0,,--moe-backend=marlin VLLM_USE_DEEP_GEMM=0,why,a/b#1\n"
    given = {"backend_args": ("--moe-backend=triton",), "env": {"VLLM_USE_DEEP_GEMM": "1"}}
    chosen = plan_for(NVFP4, "gb10", rows, **given).chosen
    assert chosen is not None
    assert [word for word in chosen.argv if word.startswith("--moe-backend")] == ["--moe-backend=triton"]
    assert chosen.env["VLLM_USE_DEEP_GEMM"] == "1"


def test_weight_only_kernels_are_not_called_native() -> None:
    rows = "x,vllm,cuda,12.0,,NVFP4,experts,,weight-only,0.20.0,,,no native kernels,a/b#1\n"
    plain, bound = (plan_for(NVFP4, "rtx-5090", row).chosen for row in ("", rows))
    assert plain is not None
    assert bound is not None
    assert "runs natively" in plain.reasons[0]
    assert "weight-only" in bound.reasons[0]
    assert "kernels: no native kernels (a/b#1)" in bound.reasons


def test_advice_is_told_and_not_taken() -> None:
    rows = "x,vllm,cuda,12.0,,,,,advice,0.20.0,,--enforce-eager,should capturing fail,a/b#1\n"
    chosen = plan_for(DENSE, "rtx-5090", rows).chosen
    assert chosen is not None
    assert "--enforce-eager" not in chosen.argv
    assert "kernels: should capturing fail: --enforce-eager (a/b#1)" in chosen.reasons


def test_a_refusal_names_its_source() -> None:
    rows = "x,vllm,cuda,12.0,,NVFP4,,,refused,0.20.0,,,it answers nonsense,a/b#1\n"
    [rejection] = plan_for(NVFP4, "rtx-5090", rows).rejected
    assert rejection.code == "no_kernel"
    assert rejection.reason == "vllm 0.33.0 on NVIDIA GeForce RTX 5090 (12.0): it answers nonsense (a/b#1)"


def test_a_gpu_that_builds_left_behind_is_told_when() -> None:
    [*_, rejection] = plan_for(DENSE, "v100-16gb").rejected
    assert rejection.reason == (
        "vllm 0.33.0 has no machine code for Tesla V100-SXM2-16GB (7.0): its builds have no code for this GPU since "
        "0.11.0; the last that had were 0.10 (vllm-project/vllm#27729, #39878, #42756)"
    )


@pytest.mark.parametrize(
    ("item", "spec", "kv", "said"),
    [
        (DENSE, "t4", "fp8", "FlashInfer ended FP8 KV caches below capability 8.0; 0.23.0 had them"),
        (GEMMA, "a100-80gb", "fp8_e4m3", "its attention for Gemma 4 needs FP8 units"),
        (DENSE, "rtx-5090", "nvfp4", "caches in NVFP4 are off on this GPU; --kv-cache-dtype fp8 works"),
    ],
)
def test_a_cache_that_kernels_refuse(item: WeightsDescription, spec: str, kv: str, said: str) -> None:
    reasons = [rejection.reason for rejection in plan_for(item, spec, kv_cache_dtype=kv).rejected]
    assert any(said in reason for reason in reasons), reasons


def test_a_cache_in_fp8_runs_where_none_does() -> None:
    chosen = plan_for(DENSE, "a100-80gb", kv_cache_dtype="fp8").chosen
    assert chosen is not None
    assert chosen.kv_cache_dtype == "fp8"


def test_a_public_run_is_not_refused() -> None:
    """gpt-oss-20b on an R9700, and AWQ on Strix Halo: reported as served."""
    served = {
        ("r9700", "MXFP4"): weights("lab/oss", replace(EXPERTS, quant_method="mxfp4"), "MXFP4", format="mxfp4"),
        ("strix-halo", "MXFP4"): weights("lab/oss", replace(EXPERTS, quant_method="mxfp4"), "MXFP4", format="mxfp4"),
        ("strix-halo", "INT4"): weights("lab/awq", replace(llama(), quant_bits=4), "INT4", format="awq"),
    }
    for (spec, _), item in served.items():
        assert plan_for(item, spec).feasible, spec


def test_what_people_met_with_speculation_is_told_where_it_is_asked_for() -> None:
    row = "x,vllm,cuda,8.6,,speculation,hybrid,,advice,0.20.0,,,five tokens crashed,a/b#1\n"
    hybrid = weights("lab/hybrid", replace(llama(), layer_types=("linear", "full") * 16), "BF16")

    def told(item: WeightsDescription, *arguments: str) -> bool:
        chosen = plan_for(item, "rtx-3090", row, backend_args=arguments).chosen
        assert chosen is not None
        return "kernels: five tokens crashed (a/b#1)" in chosen.reasons

    drafting = '--speculative-config={"method":"mtp","num_speculative_tokens":5}'
    assert told(hybrid, drafting)
    assert not told(hybrid)
    assert not told(DENSE, drafting)


def test_sparse_attention_without_a_rotary_part() -> None:
    faults = parse_kernel_faults(f"{HEAD}x,vllm,cuda,12.0,,,sparse-nope,,advice,0.20.0,,,no kernel,a/b#1\n")
    [gpu] = machine("rtx-5090").devices
    sparse = replace(llama(), details={"index_head_dim": 128}, qk_rope_head_dim=64)

    def told(shape: Architecture) -> bool:
        return any(faults.of("advice", "vllm", "0.33.0", gpu, "BF16", shape))

    assert told(replace(sparse, qk_rope_head_dim=0))
    assert not told(sparse)
    assert not told(llama())


def test_each_row_that_ships_is_whole() -> None:
    rows = sorted(
        csv.DictReader(shipped_text("kernels.csv").splitlines()), key=lambda row: (row["effect"], row["backend"])
    )
    kinds = sorted(FACTS.faults.rows)
    for row, fault in zip(rows, (fault for kind in kinds for fault in FACTS.faults.rows[kind]), strict=True):
        assert fault.id == row["id"]
        assert fault.backend in BACKENDS
        assert fault.source
        assert fault.text
        assert row["device"] in {"cuda", "rocm"}
        assert bool(fault.capabilities) is (row["device"] == "cuda")
        assert bool(fault.gfx) is (row["device"] == "rocm")
        assert fault.ended is None or fault.since < fault.ended
        assert fault.words or fault.effect != "set"


@pytest.mark.parametrize(("effect", "part"), [("maybe", ""), ("set", "everything")])
def test_a_row_of_unknown_words_is_refused(effect: str, part: str) -> None:
    with pytest.raises(ValueError, match="unknown effect or part"):
        parse_kernel_faults(f"{HEAD}x,vllm,cuda,12.0,,,{part},,{effect},0.20.0,,A=1,why,a/b#1\n")


@pytest.mark.parametrize(
    ("spec", "dtype", "refused"),
    [
        ("rtx-3090", "fp8_per_token_head", True),
        ("rtx-3090", "int8_per_token_head", False),
        ("rtx-4090", "fp8_per_token_head", False),
    ],
)
def test_a_form_of_a_cache_can_lack_what_its_kind_has(spec: str, dtype: str, *, refused: bool) -> None:
    """FP8 with a scale of each head needs FP8 units, which FP8 alone does not (syv-ai/qwen38-27b-rtx3090)."""
    plan = plan_for(DENSE, spec, kv_cache_dtype=dtype, context_length=8192)
    reasons = [item.reason for item in plan.rejected if item.code == "no_kernel"]
    assert any("--kv-cache-dtype int8_per_token_head works" in reason for reason in reasons) is refused


def test_the_first_magistral_is_served_without_a_parser_that_ends_its_start() -> None:
    first, second = (
        FACTS.chat_formats.of(f"mistralai/magistral-small-{release}", "vllm") for release in ("2506", "2507")
    )
    assert first is not None
    assert second is not None
    assert dict(first.parsers) == {"--tool-call-parser": "mistral"}
    assert dict(second.parsers) == {"--tool-call-parser": "mistral", "--reasoning-parser": "mistral"}


INTEGERS = llama(quant_method="compressed-tensors", quant_bits=8)


@pytest.mark.parametrize(
    ("spec", "changes", "said"),
    [
        ("rtx-5090", {"details": {"quant_inputs": True}}, "refused"),
        ("b200", {"format": "w8a8"}, "refused"),
        ("gb10", {"format": "w8a8"}, "refused"),
        ("rtx-5090", {}, "weight-only"),
        ("rtx-4090", {}, "runs natively"),
        ("rtx-5090", {"details": {"quant_inputs": False}}, "weight-only"),
        ("rtx-5090", {"format": "gptq"}, "weight-only"),
        ("rtx-5090", {"format": "auto-round"}, "weight-only"),
        ("rtx-5090", {"format": "w8a16"}, "weight-only"),
    ],
)
def test_integers_that_a_gpu_does_not_multiply_are_refused_and_as_weights_alone_they_run(
    spec: str, changes: dict[str, Any], said: str
) -> None:
    shape = replace(INTEGERS, details={**INTEGERS.details, **changes.get("details", {})})
    item = weights("lab/m-int8", shape, "INT8", format=changes.get("format", "compressed-tensors"))
    plan = plan_for(item, spec)
    if said == "refused":
        assert "#54311" in plan.rejected[0].reason
    else:
        assert plan.chosen is not None
        assert said in " ".join(plan.chosen.reasons)


def test_files_for_other_devices_are_no_alternative() -> None:
    plan = plan_for(weights("eco/m-w8a8", INTEGERS, "INT8", format="msmodelslim"), "rtx-4090")
    assert [(item.code, item.reason) for item in plan.rejected] == [
        ("no_kernel", "vllm needs an Ascend NPU with vllm-ascend to run msmodelslim, which modelscan does not install")
    ]
