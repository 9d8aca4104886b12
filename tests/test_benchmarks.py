"""What the benchmarks read out of people's reports, and that a plan of theirs says what it was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.asking import Program, program
from benchmarks.bounds import Needed, calibrated, needed
from benchmarks.context_accuracy import base_of, flags_of, group_of, judge, options_of, quantization_of, speculation_of
from benchmarks.default_plans import blocks, breaks
from benchmarks.llamacpp_accuracy import all_figures
from benchmarks.names_people_use import judge_name, judge_search, read
from benchmarks.ratios import distance, quantile, summary
from benchmarks.speed_accuracy import cached_prompts, rate
from benchmarks.speed_fit import Fit, figures, loss, read_table, weigh

from modelscan.selecting.evidence import planning_facts

DATA = Path(__file__).parents[1] / "benchmarks" / "data"
SERVED = {
    "id": "a", "backend": "vllm", "version": "0.27.1", "model": "Qwen/Qwen3-8B", "quantization": "BF16",
    "gpu": "NVIDIA GeForce RTX 3090", "gpu_count": "1", "kv_dtype": "auto", "max_num_seqs": "4", "gpu_util": "0.92",
    "flags": "", "speculative": "none", "max_model_len": "16384", "status": "served", "pool_tokens": "20000",
    "limit_note": "", "date": "2026-08",
}  # fmt: skip
MEASURED = {
    "id": "b", "backend": "vllm", "model": "Qwen/Qwen3-8B", "quantization": "BF16", "kv_dtype": "", "gpu": "H100",
    "gpu_count": "1", "parallelism": "tp1", "prompt_tokens": "2048", "output_tokens": "512", "concurrency": "1",
    "decode_tok_s": "100", "prefill_tok_s": "", "ttft_ms": "64", "speculative": "none", "ref": "log",
    "plan_model": "Qwen/Qwen3-8B", "plan_quant": "BF16",
}  # fmt: skip


@pytest.fixture
def asked() -> Iterator[Program]:
    with program() as found:
        yield found


@pytest.mark.parametrize(
    ("changes", "group"),
    [
        ({}, "current, stated"),
        ({"version": "0.24-0.27 (pinned per entry)"}, "current, stated"),
        ({"version": "0.1.dev19754", "date": "2026-08-20"}, "current, stated"),
        ({"gpu_util": ""}, "current, not stated"),
        ({"kv_dtype": "not stated (auto)"}, "current, not stated"),
        ({"version": "0.20.2"}, "older"),
        ({"version": "0.1.dev19754", "date": "2026-02"}, "older"),
        ({"version": ""}, "version not said"),
    ],
)
def test_rows_of_versions_that_count_alike_are_judged_together(changes: dict[str, str], group: str) -> None:
    assert group_of(SERVED | changes) == group


@pytest.mark.parametrize(
    ("written", "word"),
    [("QAT W4A16 (google)", "INT4"), ("INT8 AutoRound W8A16", "INT8"), ("GPTQ-INT4", "INT4"), ("NVFP4", "NVFP4"),
     ("not stated", None)],
)  # fmt: skip
def test_what_people_call_a_format(written: str, word: str | None) -> None:
    assert quantization_of(written) == word


@pytest.mark.parametrize(
    ("repo", "model"),
    [("RedHatAI/Qwen3-14B-FP8-dynamic", "Qwen3-14B"), ("cpatonn/Qwen3-Next-80B-A3B-Instruct-AWQ-4bit",
      "Qwen3-Next-80B-A3B-Instruct"), ("google/gemma-4-12b-it", "gemma-4-12b-it")],
)  # fmt: skip
def test_the_model_that_a_quantized_repo_is_of(repo: str, model: str) -> None:
    assert base_of(repo) == model


def test_flags_reach_the_plan_and_remarks_do_not() -> None:
    text = "--enforce-eager --load-format fastsafetensors --max-num-seqs 8 VLLM_X=int8 two nodes (which is not said)"
    assert list(flags_of(text)) == ["--enforce-eager", "--backend-arg=--load-format=fastsafetensors", "--env", "VLLM_X=int8"]  # fmt: skip


def test_gpus_are_divided_as_the_row_says() -> None:
    six = [*options_of(SERVED | {"gpu_count": "6", "flags": "TP2 PP3"})]
    assert six[:2] == ["--hardware", "6xNVIDIA GeForce RTX 3090"]
    assert six[4:8] == ["--tensor-parallel", "2", "--pipeline-parallel", "3"]


def test_a_row_is_planned_with_its_settings(asked: Program) -> None:
    judged = judge(SERVED, asked)
    chosen = judged.answer.chosen
    assert chosen is not None
    keys = ("max_model_len", "max_num_seqs", "gpu_memory_utilization", "quantization")
    assert [chosen[key] for key in keys] == [16384, 4, 0.92, "BF16"]
    assert judged.accepted
    assert not judged.told
    assert judged.pool == chosen["kv_cache_tokens"] / 20000


def test_a_row_that_is_too_large_is_refused_and_one_of_a_strange_backend_is_not_judged(asked: Program) -> None:
    large = judge(SERVED | {"model": "meta-llama/Llama-3.3-70B-Instruct"}, asked)
    assert (large.accepted, large.unjudged) == (False, None)
    strange = judge(SERVED | {"backend": "exllama"}, asked)
    assert (strange.accepted, strange.unjudged) == (False, "an option that is not ours")


def test_a_format_that_no_catalog_knows_is_told(asked: Program) -> None:
    judged = judge(SERVED | {"model": "Qwen/Qwen3-8B", "quantization": "NVFP4", "gpu": "RTX 5090"}, asked)
    assert judged.told
    assert judged.accepted
    named = judge(SERVED | {"model": "RedHatAI/Qwen3-8B-NVFP4", "quantization": "NVFP4", "gpu": "RTX 5090"}, asked)
    assert (named.told, named.accepted) == (False, True)  # a repo's name is enough


def test_a_speed_is_compared_with_its_estimate(asked: Program) -> None:
    rated, reason = rate(MEASURED, asked, cached=())
    assert reason is None
    assert [(item.kind, item.measured) for item in rated] == [("alone", 100.0), ("prefill", 32000.0)]
    assert rate(MEASURED | {"speculative": "mtp k=2"}, asked, cached=()) == ([], "speculation")


def test_a_time_to_the_first_token_that_does_not_grow_is_of_a_cached_prompt() -> None:
    rows = [
        MEASURED | {"id": name, "ref": name[:1], "prompt_tokens": str(prompt), "ttft_ms": str(milliseconds)}
        for name, prompt, milliseconds in (("c1", 1024, 40), ("c2", 32768, 160), ("d1", 2048, 50), ("d2", 8192, 205))
    ]
    assert cached_prompts(rows) == {"c1", "c2"}


@pytest.mark.parametrize(
    ("query", "acceptable", "way"),
    [
        ("qwen3-8b", "Qwen/Qwen3-8B", "right"),
        ("qwen3-8b", "Qwen/Qwen3-4B", "wrong"),
        ("text-embedding-3-small", "closed", "right"),
        ("no-such-model-at-all", "none", "right"),
        ("Gamma3 4b", "google/gemma-3-4b-it", "asked, first"),
        ("Gamma3 4b", "google/gemma-3-27b-it", "asked"),
    ],
)
def test_the_way_a_name_goes(asked: Program, query: str, acceptable: str, way: str) -> None:
    assert judge_name({"query": query, "acceptable": acceptable}, asked).way == way


@pytest.mark.parametrize(
    ("rows", "right", "first", "wrong"),
    [
        # The base model's own id.
        pytest.param("held_out", 0.83, 0.99, {"google/gemma-4-31b"}, marks=pytest.mark.slow),
        pytest.param("held_out_2", 0.85, 1.0, set(), marks=pytest.mark.slow),
        # A host's offer of which no weights are known, and a family's name for which the row says that there is none.
        pytest.param("held_out_3", 0.83, 0.96, {"cydonia 24b v4", "gpt4all"}, marks=pytest.mark.slow),
        pytest.param("held_out_4", 0.92, 0.98, set(), marks=pytest.mark.slow),
        pytest.param("held_out_5", 0.84, 0.96, set(), marks=pytest.mark.slow),
        pytest.param("held_out_6", 0.83, 0.94, set(), marks=pytest.mark.slow),
        ("held_out_7", 0.86, 0.96, set()),
        pytest.param("held_out_8", 0.88, 0.97, set(), marks=pytest.mark.slow),
    ],
)
def test_names_that_were_written_down_stay_right(
    asked: Program, rows: str, right: float, first: float, wrong: set[str]
) -> None:
    named = [judge_name(row, asked) for row in read(DATA / f"names_people_use_{rows}.csv")]
    ways = [item.way for item in named]
    assert {item.row["query"] for item in named if item.way == "wrong"} == wrong
    assert ways.count("right") >= right * len(ways)
    assert ways.count("right") + ways.count("asked, first") >= first * len(ways)


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        ("held_out", 39),
        ("held_out_2", 57),
        ("held_out_3", 58),
        ("held_out_4", 27),
        ("held_out_5", 38),
        pytest.param("held_out_6", 30, marks=pytest.mark.slow),
    ],
)
def test_searches_that_were_written_down_stay_right(asked: Program, rows: str, right: int) -> None:
    searched = [judge_search(row, asked) for row in read(DATA / f"searches_people_use_{rows}.csv")]
    assert sum(not item.wrong for item in searched) >= right


def test_what_is_wrong_with_a_search(asked: Program) -> None:
    row = {
        "query": "qwen3 8b",
        "flags": "",
        "ok_first_regex": "qwen3-8b",
        "forbidden_top5_regex": "",
        "max_b_first": "",
    }
    assert not judge_search(row, asked).wrong
    assert "more than 4B" in judge_search(row | {"max_b_first": "4"}, asked).wrong
    assert judge_search(row | {"ok_first_regex": "llama"}, asked).wrong == "the first is none of what was meant"
    assert judge_search(row | {"forbidden_top5_regex": "qwen3-8b"}, asked).wrong.startswith("forbidden: ")
    # A size is not found in the end of another one.
    assert not judge_search(
        row | {"query": "qwen3 0.6b", "ok_first_regex": "0.6b", "forbidden_top5_regex": "6b"}, asked
    ).wrong


def test_a_plan_of_more_requests_than_blocks_is_marked() -> None:
    kept = {"part": "kv_cache", "estimate_bytes": 300, "low_bytes": 200, "how": "1,200 blocks x 1 B, 3 x linear"}
    chosen = {"arithmetic": [kept], "enforce_eager": False, "max_num_seqs": 801}
    assert blocks(chosen) == 800
    assert breaks(chosen)
    assert not breaks(chosen | {"max_num_seqs": 800})
    assert not breaks(chosen | {"enforce_eager": True})
    assert not breaks(chosen | {"arithmetic": [kept | {"how": "1,200 blocks x 1 B, 4 x full"}]})


def test_ratios_count_alike_on_both_sides_of_one() -> None:
    assert distance(0.5) == pytest.approx(2.0)
    assert quantile([4, 1, 2, 3], 0.5) == pytest.approx(2.5)
    assert summary([0.5, 1.0, 2.0]) == "| 3 | 1.00 | 2.00 | 2.00 | 33% | 33% |"


def test_the_environment_is_as_it_was_afterwards() -> None:
    before = dict(os.environ)
    with program() as found:
        assert set(os.environ) == {"HOME", "MODELSCAN_HOME", "PATH"}
        found.ask("catalog", "info", "qwen3-8b", catalogs=found.folder)
    assert dict(os.environ) == before


@pytest.mark.parametrize(("measured", "times"), [(100, 0.0), (105, 0.5), (120, 2.0), (95, 1.0)])
def test_how_many_times_its_bounds_a_row_needs(measured: float, times: float) -> None:
    assert needed("weights", "llama", "a", (95, 100, 110), measured).times == pytest.approx(times)


def test_a_scale_holds_nine_in_ten_and_a_large_family_weighs_no_more_than_a_small_one() -> None:
    def rows(family: str, *times: float) -> list[Needed]:
        return [
            Needed(what="weights", family=family, id=str(place), times=each, width=0.1)
            for place, each in enumerate(times)
        ]

    many = rows("llama", *([0.1] * 99))
    assert calibrated(many) == pytest.approx(0.1)
    assert calibrated([*many, *rows("whisper", 0.2, 3.0)]) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        ("mtp 3", '--backend-arg=--speculative-config={"method": "mtp", "num_speculative_tokens": 3}'),
        ("mtp 3 (0.771)", '--backend-arg=--speculative-config={"method": "mtp", "num_speculative_tokens": 3}'),
        ("mtp", '--backend-arg=--speculative-config={"method": "mtp"}'),
        ("gemma4 assistant 4", None),
        ("none", None),
    ],
)
def test_speculation_by_the_models_own_layers_is_asked_for(written: str, argument: str | None) -> None:
    assert list(speculation_of(SERVED | {"speculative": written})) == ([argument] if argument else [])


def test_a_step_that_is_taken_apart_is_as_fast_as_the_plan_says(asked: Program) -> None:
    rows = [MEASURED | {"family": "qwen"}, MEASURED | {"family": "qwen", "concurrency": "8"}]
    facts, (lines, constants) = planning_facts(), read_table()
    fit = Fit(list(figures(rows, facts)), facts, constants)
    rated = [item for row in rows for item in rate(row, asked, ())[0] if item.kind != "prefill"]
    assert [item.kind for item in rated] == ["alone", "concurrent"]
    assert [fit.ratio(place) for place in range(2)] == pytest.approx([item.ratio for item in rated], rel=0.01)
    assert len(lines) == len(constants)


def test_a_fit_lowers_the_loss_and_comes_out_the_same_twice() -> None:
    facts, (lines, constants) = planning_facts(), read_table()
    found = list(figures([MEASURED | {"family": "qwen", "decode_tok_s": "20"}], facts))
    fitted = [place for place, line in enumerate(lines) if line["constant"] == "bandwidth_reached"]
    fits = [Fit(found, facts, constants) for _ in range(2)]
    before = loss(fits[0].ratio(0))
    for fit in fits:
        fit.descend(fitted, [0], 0.1)
    assert loss(fits[0].ratio(0)) < before
    assert fits[0].values == fits[1].values
    assert sum(weigh(found)) == pytest.approx(100)


def test_what_llamacpp_takes_is_what_its_logs_say() -> None:
    """Rows whose model is certain: KV cache and states to the hundredth of a MiB, weights within 1 %."""
    found = [figure for figure in all_figures() if figure.counts]
    assert len({figure.row for figure in found if figure.what == "weights"}) >= 8
    assert {
        figure.row for figure in found if figure.what in {"KV cache", "states"} and abs(figure.error) > 1e-4
    } == set()
    assert {figure.row for figure in found if figure.what == "weights" and abs(figure.error) > 0.01} == set()
    assert {figure.row for figure in found if figure.what == "compute" and not figure.held} == set()
