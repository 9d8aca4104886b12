"""Who serves speech: without a GPU the handlers, which take the least and answer in every form; on a GPU vLLM, with a
line that says what it leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.planning.machines import FACTS, machine, new_shape

from modelscan import dataclasses
from modelscan.model import Handling, Hardware, Installation, Plan, PlanRequest, Task, WeightsDescription
from modelscan.planning.decide.planner import decide
from modelscan.planning.decide.several import Further, with_further
from modelscan.units import GIB

WHISPER = new_shape(
    architectures=("WhisperForConditionalGeneration",),
    model_type="whisper",
    num_hidden_layers=12,
    num_encoder_layers=12,
    hidden_size=768,
    intermediate_size=3072,
    num_attention_heads=12,
    vocab_size=51_865,
    max_position_embeddings=448,
    total_parameters=241_734_912,
)
RELEASED = WeightsDescription(
    source="huggingface",
    repo_id="lab/hears",
    location="lab/hears",
    architecture=WHISPER,
    quantization="FP32",
    format="safetensors",
    task="speech-to-text",
    official=True,
)
CONVERTED = dataclasses.replace(
    RELEASED,
    repo_id="other/hears-ct2",
    location="other/hears-ct2",
    quantization="FP16",
    format="ctranslate2",
    official=False,
)
GPU = machine("RTX 4090")
NO_GPU = dataclasses.replace(
    GPU, devices=(), cpu=dataclasses.replace(GPU.cpu, memory_total_bytes=16 * GIB, memory_free_bytes=12 * GIB)
)
BOTH_HERE = dataclasses.replace(NO_GPU, devices=GPU.devices)


def installed(*libraries: str, version: str = "1.2.1", managed: bool = True) -> Installation:
    return Installation(
        backend="transformers",
        version=version,
        device="cpu",
        program="/x",
        managed=managed,
        requirements=dict.fromkeys(libraries, version),
    )


def planned(
    *options: WeightsDescription,
    on: Hardware = NO_GPU,
    have: Sequence[Installation] = (),
    **request: object,
) -> Plan:
    asked = PlanRequest(model="lab/hears", **request)  # type: ignore[arg-type]
    return decide(None, options or (RELEASED, CONVERTED), on, asked, FACTS, have)


def said(plan: Plan, topic: str) -> str:
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    return next(reason for reason in plan.chosen.reasons if reason.startswith(f"{topic}: "))


def test_without_a_gpu_the_smaller_library_hears_in_eight_bits() -> None:
    plan = planned()
    chosen = plan.chosen
    assert chosen is not None
    assert (chosen.backend, chosen.backend_version, chosen.libraries) == (
        *("transformers", "1.2.1"),
        ("faster-whisper",),
    )
    assert (chosen.repo_id, chosen.quantization, chosen.dtype) == ("other/hears-ct2", "INT8", "int8")
    assert said(plan, "backend") == (
        "backend: transformers, which takes the least without a GPU, and answers with the times of words, as srt and"
        " as vtt too"
    )
    assert said(plan, "quantization") == (
        "quantization: INT8, computed from the FP16 of the files, as CTranslate2 does it"
    )
    assert chosen.memory_per_gpu.weights_bytes == pytest.approx(241_734_912 * 1.06, rel=0.01)
    assert chosen.memory_per_gpu.overhead_bytes < 100 * 2**20
    assert not any(reason.startswith("answers: ") for reason in chosen.reasons)
    assert [item.repo_id for item in plan.alternatives][:1] == ["lab/hears"]


def test_its_own_weights_need_the_whole_environment() -> None:
    chosen = planned(RELEASED).chosen
    assert chosen is not None
    assert (chosen.backend, chosen.backend_version, chosen.libraries) == (
        *("transformers", "5.24.0"),
        ("transformers",),
    )


def test_what_is_installed_comes_before_what_is_not() -> None:
    whole = installed("transformers", "torch", version="5.24.0")
    for have, repo in (
        ([whole], "lab/hears"),
        ([installed("faster-whisper")], "other/hears-ct2"),
        ([whole, installed("faster-whisper")], "other/hears-ct2"),
        ([installed("transformers", "faster-whisper", version="5.24.0", managed=False)], "other/hears-ct2"),
    ):
        chosen = planned(have=have).chosen
        assert chosen is not None
        assert chosen.repo_id == repo
        assert chosen.backend_version == next(
            item.version for item in have if set(chosen.libraries) <= item.requirements.keys()
        )


def test_on_a_gpu_a_line_says_what_is_left_out_and_who_has_it() -> None:
    plan = planned(on=GPU)
    assert plan.chosen is not None
    assert (plan.chosen.backend, plan.chosen.repo_id) == ("vllm", "lab/hears")
    assert said(plan, "answers") == (
        "answers: without the times of words, srt and vtt; with them: --backend transformers"
    )
    asked = planned(on=GPU, backend="transformers").chosen
    assert asked is not None
    assert (asked.gpu_indices, asked.libraries) == ((0,), ("transformers",))


def test_files_that_run_on_the_cpu_alone_run_there_beside_a_gpu() -> None:
    plan = planned(CONVERTED, on=BOTH_HERE)
    assert plan.chosen is not None
    assert (plan.chosen.gpu_indices, plan.chosen.backend) == ((), "transformers")
    assert said(plan, "backend") == "backend: transformers, which runs CTranslate2 files on the CPU"
    named = planned(CONVERTED, on=BOTH_HERE, gpus=("0",))
    assert named.rejected[0].reason == "transformers runs CTranslate2 files on the CPU only"


@pytest.mark.parametrize("backend", ["vllm", "sglang"])
def test_others_say_that_they_do_not_read_them(backend: str) -> None:
    plan = planned(CONVERTED, on=BOTH_HERE, backend=backend)
    assert {item.reason for item in plan.rejected} == {f"{backend} reads no CTranslate2 files"}


def test_thirty_two_bits_are_computed_where_they_are_asked_for() -> None:
    for request in ({"dtype": "float32"}, {"quantization": "FP32"}):
        chosen = planned(CONVERTED, **request).chosen
        assert chosen is not None
        assert (chosen.quantization, chosen.dtype) == ("FP32", "float32")


def test_models_of_one_process_are_read_by_one_library() -> None:
    """An embedding model beside it needs the whole environment, and so it is given its own weights there."""
    embeds = dataclasses.replace(RELEASED, repo_id="lab/embeds", architecture=None, task="embed", size_bytes=GIB)

    def joined(first: WeightsDescription, *others: WeightsDescription, beside: WeightsDescription) -> Plan:
        def decided(hardware: Hardware, request: PlanRequest) -> Plan:
            return decide(None, [beside, *([CONVERTED] if beside is RELEASED else [])], hardware, request, FACTS)

        asked = PlanRequest(model="other", backend="transformers")
        further = Further(model="other", reference="other", decide=decided, asked=asked)
        return with_further(planned(first, *others, backend="transformers"), [further])

    for plan, beside in (
        (joined(RELEASED, CONVERTED, beside=embeds), "lab/embeds"),
        (joined(embeds, beside=RELEASED), "lab/hears"),
        (joined(RELEASED, CONVERTED, beside=RELEASED), "other/hears-ct2"),
    ):
        assert plan.chosen is not None
        assert len(plan.chosen.libraries) == 1
        assert [item.repo_id for item in plan.chosen.beside] == [beside]


def test_a_class_of_the_users_own_is_given_the_weights_of_the_release() -> None:
    chosen = planned(handling=Handling(handler="app.Hears"), backend="transformers").chosen
    assert chosen is not None
    assert (chosen.repo_id, chosen.libraries) == ("lab/hears", ("transformers",))


def test_another_model_that_hears_is_left_to_who_knows_it() -> None:
    other = new_shape(architectures=("VoxtralForConditionalGeneration",), model_type="voxtral")
    task: Task = "speech-to-text"
    plan = planned(dataclasses.replace(RELEASED, architecture=other, task=task, size_bytes=GIB))
    assert {item.backend for item in (plan.chosen, *plan.rejected) if item is not None} == {"vllm"}
