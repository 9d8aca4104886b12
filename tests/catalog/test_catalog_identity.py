from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.conftest import IndexOf

from modelscan.catalog.index.index import Index
from modelscan.catalog.naming.asked import WeightsHint
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.naming.lookup import Member, Named
from modelscan.catalog.naming.matching import Rung
from modelscan.catalog.naming.resolution import Resolution
from modelscan.catalog.sources import known_weights
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model


def repo_of(resolution: Resolution) -> str | None:
    if resolution.weights_hint and resolution.weights_hint.repo_id:
        return resolution.weights_hint.repo_id
    return resolution.model.weights[0].repo_id if resolution.model and resolution.model.weights else None


@pytest.mark.parametrize(
    ("query", "repo"),
    [
        ("deepseek-r1", "deepseek-ai/DeepSeek-R1"),
        ("deepseek/deepseek-r1", "deepseek-ai/DeepSeek-R1"),
        ("deepseek/deepseek-coder", "deepseek-ai/deepseek-coder-6.7b-instruct"),
        ("deepseek-coder", "deepseek-ai/deepseek-coder-6.7b-instruct"),
        ("deepseek-coder:6.7b", "deepseek-ai/deepseek-coder-6.7b-instruct"),
        ("deepseek-coder:33b", "deepseek-ai/deepseek-coder-33b-instruct"),
        ("qwen3 coder 30b", "Qwen/Qwen3-Coder-30B-A3B-Instruct"),
        ("qwen3:32b", "Qwen/Qwen3-32B"),
        ("  QWEN3   32B ", "Qwen/Qwen3-32B"),
        ("alibaba/qwen3-32b", "Qwen/Qwen3-32B"),
        ("deepseek-r1:32b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"),
        ("llama3.2:3b", "meta-llama/Llama-3.2-3B-Instruct"),
        ("llama 3.1 8b", "meta-llama/Llama-3.1-8B-Instruct"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("accounts/fireworks/models/glm-4p5-air", "zai-org/GLM-4.5-Air"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "meta-llama/Llama-3.3-70B-Instruct"),
        ("https://huggingface.co/Qwen/Qwen3-8B/tree/main", "Qwen/Qwen3-8B"),
        ("LLM-Research/Llama-3.2-1B-Instruct", "LLM-Research/Llama-3.2-1B-Instruct"),
        ("gpt oss 20b", "openai/gpt-oss-20b"),
        ("mixtral:8x7b", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("qwen2.5:0.5b", "Qwen/Qwen2.5-0.5B-Instruct"),
        ("smollm2:135m", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("bge-m3", "BAAI/bge-m3"),
        ("qwen2.5vl:7b", "Qwen/Qwen2.5-VL-7B-Instruct"),
        ("qwen/qwen3-coder", "Qwen/Qwen3-Coder-480B-A35B-Instruct"),
        ("belle-whisper-large-v3-zh", "BELLE-2/Belle-whisper-large-v3-zh"),
        ("qwen3-vl-4b-instruct", "Qwen/Qwen3-VL-4B-Instruct"),
    ],
)
def test_names_find_their_weights(index: Index, query: str, repo: str) -> None:
    assert repo_of(resolve(query, index)) == repo


@pytest.mark.parametrize(
    "query",
    [
        "Qwen/Qwen3-32B-Imaginary",
        "google/gemma-3-4b-imaginary",
        "somebody/qwen3-32b",
        "lmstudio-community/Qwen3-8B-GGUF",
        "Qwen/Qwen3-1.7B-Imaginary",
    ],
)
def test_an_explicit_repo_that_nobody_knows_is_passed_on(index: Index, query: str) -> None:
    resolution = resolve(query, index)
    assert (resolution.model, resolution.passthrough_repo) == (None, query)
    assert resolution.warnings == (f"no catalog lists `{query}`; it is taken as a repo and checked on the hub",)


@pytest.mark.parametrize(
    ("query", "model"),
    [
        ("deepseekv3.1", "deepseek-ai/deepseek-v3.1"),
        ("deepseekr1", "deepseek/deepseek-r1"),  # and no longer FuseO1-DeepSeekR1-QwQ-SkyT1
        ("minimaxm2.5", "minimax/minimax-m2.5"),
        ("GLM-4.7 (Z AI)", "zhipuai/glm-4.7"),
        ("glm4.7 z.ai", "zhipuai/glm-4.7"),
        ("qwen3 32b 4-bit", "alibaba/qwen3-32b"),
        ("Qwen3-32B 4ビット", "alibaba/qwen3-32b"),
        ("vllm/Qwen3-32B", "alibaba/qwen3-32b"),
        ("квен 2.5 кодер 7b", "qwen/qwen2.5-coder-7b-instruct"),
    ],
)
def test_words_that_people_write_on_or_behind_a_name(index: Index, query: str, model: str) -> None:
    found = resolve(query, index).model
    assert found is not None
    assert found.id == model


def test_bits_are_no_part_of_a_version(index: Index) -> None:
    resolution = resolve("qwen3-32b-4-bit", index)
    assert resolution.weights_hint is not None
    assert resolution.weights_hint.quantization == "INT4"


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("bartowski/Llama-3.2-3B-Instruct-GGUF", "`meta-llama/llama-3.2-3b-instruct` has the same name"),
    ],
)
def test_a_repo_that_nobody_knows_is_passed_on_with_what_it_is_called_like(index: Index, query: str, note: str) -> None:
    resolution = resolve(query, index)
    assert (resolution.passthrough_repo, resolution.notes) == (query, (note,))


def test_weights_before_tuning_of_the_very_name_are_named(index: Index) -> None:
    resolution = resolve("mistral-7b-v0.3", index)
    assert resolution.notes[1] == "the base model has the same name: mistralai/mistral-7b-v0.3"


def test_an_unlisted_form_of_a_known_model_keeps_the_repo_that_was_asked_for(index: Index) -> None:
    resolution = resolve("Qwen/Qwen2.5-72B-Instruct-NVFP4", index)
    assert resolution.model is not None
    assert resolution.model.id == "qwen/qwen2.5-72b-instruct"
    assert resolution.weights_hint == WeightsHint(repo_id="Qwen/Qwen2.5-72B-Instruct-NVFP4", quantization="NVFP4")
    assert "is checked on the hub" in resolution.warnings[0].replace("it is", "is")


def test_a_quantization_and_a_revision_in_the_query_are_handed_on(index: Index) -> None:
    assert resolve("qwen3-8b-fp8", index).weights_hint == WeightsHint(quantization="FP8")
    assert resolve("qwen3:8b-q4_K_M", index).weights_hint == WeightsHint(quantization="Q4_K_M")
    assert resolve("https://huggingface.co/Qwen/Qwen3-8B/tree/abc123", index).weights_hint == WeightsHint(
        repo_id="Qwen/Qwen3-8B", revision="abc123", source="huggingface"
    )


@pytest.mark.parametrize(
    ("query", "among"),
    [
        ("llama", "meta-llama/llama-3.1-8b-instruct"),
        ("qwen3", "alibaba/qwen3-32b"),
        ("qwen3-vl", "qwen/qwen3-vl-8b-instruct"),
        ("qwen3:30b", "qwen/qwen3-30b-a3b"),
        ("whisper", "openai/whisper-tiny"),
        ("qwen3-coder", "alibaba/qwen3-coder-30b-a3b-instruct"),
        ("deepseek-v3.1:671b", "deepseek-ai/deepseek-v3.1"),
        ("mistral-small", "mistral/mistral-small-2506"),
        ("deepseek-r1:8b", "deepseek-ai/deepseek-r1-distill-llama-8b"),
        ("deepseek-r1:671b", "deepseek-ai/deepseek-r1-0528"),
        ("mistral-7b-instruct", "mistralai/mistral-7b-instruct-v0.3"),
        ("magistral-small", "mistralai/magistral-small-2506"),
    ],
)
def test_a_family_is_a_question(index: Index, query: str, among: str) -> None:
    with pytest.raises(ModelAmbiguous) as caught:
        resolve(query, index)
    candidates = caught.value.details["candidates"]
    assert isinstance(candidates, list)
    assert among in candidates
    assert len(candidates) > 1


def test_a_closed_model_resolves_and_names_open_ones(index: Index) -> None:
    resolution = resolve("gpt-4o", index)
    assert resolution.model is not None
    assert resolution.model.open_weights is False
    assert "openai/gpt-oss-120b" in resolution.model.open_alternatives
    assert resolution.warnings == (
        (
            "the weights of openai/gpt-4o are closed; open models of that kind: openai/gpt-oss-120b,"
            " qwen/qwen3-vl-32b-instruct, qwen/qwen3-vl-235b-a22b-instruct, meta/llama-3.3-70b-instruct"
        ),
    )


def test_the_family_default_says_why_and_names_the_others(index: Index) -> None:
    notes = resolve("deepseek/deepseek-coder", index).notes
    assert notes[0].startswith(
        "`deepseek/deepseek-coder` is a family; its default is deepseek/deepseek-coder: the middle"
    )
    assert "deepseek-ai/deepseek-coder-33b-instruct" in notes[1]


def test_a_moving_name_warns(index: Index) -> None:
    assert resolve("deepseek-chat", index).warnings == (
        "`deepseek-chat` is a name that its lab moves from model to model; it now means deepseek-ai/deepseek-v3.2",
    )


@pytest.mark.parametrize(
    ("query", "near"), [("deepsek-r1", "deepseek/deepseek-r1"), ("qwne3-32b", "alibaba/qwen3-32b")]
)
def test_a_typo_is_suggested_and_not_taken(index: Index, query: str, near: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        resolve(query, index)
    assert caught.value.hints[0].startswith(f"did you mean `{near}`")
    assert caught.value.details["near"][0] == near


def test_a_repo_that_a_lab_does_not_have_is_asked_about(index: Index) -> None:
    with pytest.raises(ModelNotFound) as caught:
        resolve("google/gemma-3-12b", index)
    assert caught.value.message == "no catalog lists a repo `google/gemma-3-12b`"
    assert caught.value.hints == (
        "did you mean `google/gemma-3-12b-it`?",
        "if it is a repo all the same: modelscan plan huggingface.co/google/gemma-3-12b",
    )
    assert resolve("huggingface.co/google/gemma-3-12b", index).passthrough_repo == "google/gemma-3-12b"


def test_a_copy_leads_to_the_model_with_a_warning(index: Index) -> None:
    resolution = resolve("somebody/qwen3-reranker:8b-q4_K_M", index)
    assert repo_of(resolution) == "Qwen/Qwen3-Reranker-8B"
    assert resolution.weights_hint == WeightsHint(quantization="Q4_K_M")
    assert resolution.warnings[0].endswith("the weights come from that model's own repo")


def test_a_moving_name_moves_at_a_host_too(index: Index) -> None:
    plain, hosted = resolve("deepseek-chat", index), resolve("openrouter/deepseek/deepseek-chat", index)
    assert hosted.model == plain.model
    assert "moves from model to model" in hosted.warnings[0]


def test_a_repo_with_one_witness_gives_way_to_one_that_more_name(index_of: IndexOf) -> None:
    columns = "repo,id,modelscope,parameters,active_parameters,task,license,tags,aliases,moving_aliases,evidence\n"
    sure = "lab/Tiny-7B,,,,,chat,,,,,known+xinference\n"
    copies = "other/Tiny-7B-Chat,,,,,chat,,,,,ms-swift\nthird/Tiny-7B-Chat,,,,,chat,,,,,known\n"
    both = index_of(known_weights.parse(columns + sure + copies.splitlines()[0]).records)
    assert repo_of(resolve("tiny 7b chat", both)) == "other/Tiny-7B-Chat"  # the only one of that name
    assert repo_of(resolve("tiny 7b", both)) == "lab/Tiny-7B"
    many = index_of(known_weights.parse(columns + copies).records)
    assert repo_of(resolve("tiny 7b", many)) == "third/Tiny-7B-Chat"


def test_letters_that_nobody_understands_are_never_ignored(index: Index) -> None:
    with pytest.raises(ModelNotFound) as caught:
        resolve("qwen3 4b \u043d\u0435\u0447\u0442\u043e", index)
    assert "qwen/qwen3-4b" in caught.value.details["near"]


def test_an_order_puts_the_members_in_that_order(index: Index) -> None:
    with pytest.raises(ModelAmbiguous) as caught:
        resolve("qwen3 biggest", index)
    sizes = [index.get(name).parameters or 0 for name in caught.value.details["candidates"]]  # type: ignore[union-attr]
    assert sizes == sorted(sizes, reverse=True)


def test_an_address_elsewhere_is_no_model(index: Index) -> None:
    with pytest.raises(ModelNotFound) as caught:
        resolve("https://example.com/foo", index)
    assert caught.value.message == "`https://example.com/foo` is not an address of a model"
    assert caught.value.details["near"] == []


@pytest.mark.parametrize("query", ["nosuch", "foo bar", "some example com foo"])
def test_what_shares_no_words_is_not_near(index: Index, query: str) -> None:
    assert index.near(query) == []


def test_a_base_model_by_its_exact_name_names_the_tuned_one(index: Index) -> None:
    notes = resolve("google/gemma-4-31b", index).notes
    assert notes == ("google/gemma-4-31b is a base model; tuned for chat it is google/gemma-4-31b-it",)


def test_nonsense_is_not_found(index: Index) -> None:
    with pytest.raises(ModelNotFound) as caught:
        resolve("nonsense-xyz", index)
    assert caught.value.message == "no catalog lists a model `nonsense-xyz`"
    assert caught.value.details["near"] == []  # nothing is spelled so alike that it may be meant
    assert caught.value.hints == ("modelscan catalog search 'nonsense-xyz'", "or give a repo in full: owner/name")


def test_the_demo_is_a_folder(index: Index) -> None:
    model = resolve("demo", index).model
    assert model is not None
    assert (model.id, model.weights[0].source) == ("modelscan/demo", "local_path")


def test_every_model_is_found_by_its_id_and_by_its_first_repo(index: Index) -> None:
    for model in index.models():
        if model.weights and model.weights[0].source != "local_path":
            for name in (model.id, model.weights[0].repo_id):
                found = resolve(name, index).model
                assert found is not None, name
                assert found.id == model.id


class Nothing:
    """A catalog without models."""

    def get(self, model_id: str) -> Model | None: ...
    def family_default(self, key: str) -> tuple[str, str] | None: ...
    def lab(self, owner: str) -> str | None: ...

    def named(self, _text: str) -> list[Named]:
        return []

    def on_rung(self, _rung: Rung, _key: str) -> list[str]:
        return []

    def members(self, _key: str) -> list[Member]:
        return []

    def containing(self, _word: str) -> list[Member]:
        return []

    def is_host(self, _owner: str) -> bool:
        return False

    def near(self, _text: str) -> list[str]:
        return []


@given(st.text(max_size=40) | st.from_regex(r"[a-z0-9.:/ -]{1,30}", fullmatch=True))
def test_any_text_has_an_answer(query: str) -> None:
    try:
        resolution = resolve(query, Nothing())
    except ModelNotFound:
        return
    assert resolution.passthrough_repo


@pytest.mark.parametrize("query", ["Qwen/Qwen3-1.7B-Base", "google/gemma-3-4b-pt"])
def test_weights_before_tuning_are_never_taken_for_the_tuned(index: Index, query: str) -> None:
    resolution = resolve(query, index)
    assert resolution.model is not None
    assert (resolution.model.task, repo_of(resolution)) == ("completion", query)


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("Qwen 3.6 with 27 billion parameters", "alibaba/qwen3.6-27b"),
        ("glm47-flash", "zhipuai/glm-4.7-flash"),
        ("gemma4:latest", "google/gemma-4-e4b-it"),
        ("models--Qwen--Qwen3-8B", "qwen/qwen3-8b"),
    ],
)
def test_a_name_that_is_written_otherwise(index: Index, said: str, model: str) -> None:
    found = resolve(said, index).model
    assert found is not None
    assert found.id == model


@pytest.mark.parametrize(
    "said", ["nobody's model with 7 billion parameters", "the model", "qwen99", "with 27 billion parameters"]
)
def test_words_around_no_name_mean_nothing(index: Index, said: str) -> None:
    with pytest.raises((ModelNotFound, ModelAmbiguous)):
        resolve(said, index)
