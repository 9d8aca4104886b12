from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.index import Index
from modelscan.catalog.index.query import read_query
from modelscan.catalog.index.search import search
from modelscan.catalog.index.words import USES
from modelscan.catalog.naming.spelling import corrections, distance, stumps_of
from modelscan.system.processes.run import run

SOURCE = Path(__file__).resolve().parents[2] / "src"
_LETTERS = st.sampled_from("abcde")  # few letters make near misses
_WORDS = st.text("abcde", min_size=3, max_size=14)
_EDITS = st.sampled_from(["delete", "insert", "replace", "swap"])
_PLACES = st.integers(0, 20)


def ids(index: Index, query: str, **filters: object) -> list[str]:
    return [hit.id for hit in search(index, query, filters=Filters(**filters))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("qwen3 coder 30b", "alibaba/qwen3-coder-30b-a3b-instruct"),
        ("qwen3 32b", "alibaba/qwen3-32b"),
        ("Qwen/Qwen3-8B", "qwen/qwen3-8b"),
        ("whisper turbo", "openai/whisper-large-v3-turbo"),
        ("deepseek r1", "deepseek/deepseek-r1"),
        ("llama 3.1 8b", "meta-llama/llama-3.1-8b-instruct"),
        ("glm air", "zhipuai/glm-4.5-air"),
        ("gpt-4o", "openai/gpt-4o"),
        ("demo", "modelscan/demo"),
        ("mistrall nemo", "mistral/mistral-nemo"),
        ("lama 3.3 70b", "meta/llama-3.3-70b-instruct"),
        ("smollm2 135m instruct", "huggingfacetb/smollm2-135m-instruct"),
        ("llama 8b", "meta-llama/llama-3.1-8b-instruct"),
        ("multilingual e5 small", "intfloat/multilingual-e5-small"),
        ("通义千问 32b", "alibaba/qwen3-32b"),
    ],
)
def test_the_right_model_comes_first(index: Index, query: str, first: str) -> None:
    assert ids(index, query)[0] == first


@pytest.mark.parametrize(
    ("query", "check"),
    [
        ("tts", lambda model: model.task == "text-to-speech"),
        ("speech recognition", lambda model: model.task == "speech-to-text"),
        ("reranker", lambda model: model.task == "rerank"),
        ("embedding multilingual", lambda model: model.task == "embed" and "multilingual" in model.tags),
        ("vlm under 10b", lambda model: "vision" in model.tags and model.parameters <= 10e9),
        ("coder under 40b", lambda model: "coding" in model.tags and model.parameters <= 40e9),
        ("ocr", lambda model: "ocr" in model.tags),
        ("1m context", lambda model: (model.native_context or model.limits.context) >= 900_000),
        ("under 1b", lambda model: model.parameters <= 1e9),
        ("moe 3b active", lambda model: 2.2e9 < model.active_parameters < 4.1e9),
        ("mixture of experts vision", lambda model: model.active_parameters and "vision" in model.tags),
        ("long context 1m", lambda model: (model.native_context or model.limits.context) >= 900_000),
        ("pdf ocr qqqq", lambda model: "ocr" in model.tags),
        ("语音识别", lambda model: model.task == "speech-to-text"),
        ("modelo de código", lambda model: "coding" in model.tags),
        ("apache 2.0 coder", lambda model: model.license == "apache-2.0" and "coding" in model.tags),
        ("mit licensed 70b", lambda model: model.license == "mit"),
        ("icelandic tts", lambda model: model.task == "text-to-speech"),
        ("open source gpt", lambda model: model.open_weights),
        ("gemma 4", lambda model: "gemma-4" in model.id or "gemma4" in model.id),
    ],
)
def test_every_hit_is_of_the_kind_asked_for(index: Index, query: str, check: object) -> None:
    hits = search(index, query)
    assert hits
    assert all(check(index.get(hit.id)) for hit in hits)  # type: ignore[operator]


def test_closed_models_are_shown_marked_and_can_be_hidden(index: Index) -> None:
    best = search(index, "gemini flash")[0]
    model = index.get(best.id)
    assert model is not None
    assert best.open == model.open_weights == False  # noqa: E712  not unknown
    assert model.open_alternatives
    assert all(hit.open for hit in search(index, "gemini flash", filters=Filters(open_only=True)))


def test_filters(index: Index) -> None:
    small = search(index, "qwen", filters=Filters(max_parameters=1_000_000_000, task="embed", source="gpustack"))
    assert [hit.id for hit in small] == ["qwen/qwen3-embedding-0.6b"]
    assert all(hit.license == "llama3.1" for hit in search(index, "llama", filters=Filters(license="llama3.1")))
    called = [index.get(hit.id) for hit in search(index, "glm", filters=Filters(capability="tool_call"))]
    assert all(model and model.capabilities.tool_call for model in called)


def test_a_size_bound_means_the_size_in_the_name(index: Index) -> None:
    assert "meta-llama/llama-3.1-8b-instruct" in ids(index, "llama <=8b")  # 8.03 billion


def test_text_that_nothing_reads_finds_nothing(index: Index) -> None:
    assert ids(index, "ქართული") == []


def test_the_limit_is_kept_and_nothing_is_nothing(index: Index) -> None:
    assert len(search(index, "llama", limit=3)) == 3
    assert search(index, "xyzzy plugh") == []
    assert search(index, "") != []


@pytest.mark.parametrize(
    "query", ['"', "a OR", "NEAR(", "*", "qwen*", "'; DROP TABLE models", "(", "^", "-", "\x00", "col:x"]
)
def test_the_full_text_language_is_not_the_users(index: Index, query: str) -> None:
    search(index, query)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_any_text_can_be_searched_for(index: Index, query: str) -> None:
    search(index, query, limit=2)


def test_sizes_in_queries() -> None:
    assert (read_query("under 14b").least, read_query("under 14b").most) == (None, 14_000_000_000)
    assert read_query("<=14b").most == read_query("up to 14b").most == 15_400_000_000  # Qwen3-14B has 14.8
    assert read_query("at least 1.5b").least == 1_500_000_000
    about = read_query("qwen 7b")
    assert (about.least, about.most, about.words) == (5_250_000_000, 9_450_000_000, ("qwen",))


@given(data=st.data(), phrase=st.sampled_from(USES))
def test_every_phrase_of_a_use_is_understood(data: st.DataObject, phrase: tuple[str, str]) -> None:
    pattern, meaning = phrase
    asked = read_query(data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)))
    assert meaning in {*asked.tasks, *asked.tags}


def test_distance_counts_a_swap_as_one() -> None:
    assert (distance("qwen", "qwne", 2), distance("mistral", "mistrall", 2), distance("abcd", "wxyz", 2)) == (1, 1, 3)
    assert corrections("deepseak", {"deepseek": 90, "deepscan": 1}) == ["deepseek"]
    assert corrections("3b", {"3c": 1}) == []


@given(word=_WORDS, edits=st.lists(st.tuples(_EDITS, _PLACES, _LETTERS)))
def test_a_misspelling_shares_a_stump_with_its_word(word: str, edits: list[tuple[str, int, str]]) -> None:
    wrong = word
    for kind, place, letter in edits[: 1 if len(word) < 8 else 2]:
        at = place % (len(wrong) + 1)
        left, right = wrong[:at], wrong[at:]
        wrong = {
            "delete": left + right[1:],
            "insert": left + letter + right,
            "replace": left + letter + right[1:],
            "swap": left + right[1:2] + right[:1] + right[2:],
        }[kind]
    if corrections(wrong, {word: 1}):
        assert not stumps_of(wrong).isdisjoint(stumps_of(word))


HEAVY = ("httpx", "pydantic", "huggingface_hub", "pynvml", "yaml", "asyncio", "subprocess", "platformdirs")


def test_a_search_imports_nothing_heavy(shipped_index: Path) -> None:
    script = f"""
import sys
from pathlib import Path
import modelscan.catalog.index.index as index, modelscan.catalog.index.search as search, modelscan.catalog.naming.identity as identity
opened = index.Index(index.connect(Path({str(shipped_index)!r}), trusted=True), path=None)
assert search.search(opened, "qwen3 coder 30b") and identity.resolve("deepseek-r1", opened).model
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = run([sys.executable, "-c", script], env={"PYTHONPATH": str(SOURCE)}, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("fits 12gb vram", 18), ("for 8gb card", 13), ("model for 2x rtx 3090", 75), ("geforce 4070", 18),
        ("laptop without gpu", 5), ("bestes Modell für 24 GB Grafikkarte", 35), ("适合8gb显存的模型", 13),
        ("macbook 16gb", 25), ("лучшая модель на 24 гигабайта", 37), ("h100", 123), ("raspberry pi", 5),
        ("model for 16gb ram no gpu", 5), ("2gb cpu only", 3.1), ("two 3090", 75), ("2x3090", 75), ("quad 3090 coding", 150),
        ("macbook m3 36gb", 56), ("6gb graphics card", 9.3), ("8gb de vram", 12.5), ("para 12gb", 18.5),
    ],
)  # fmt: skip
def test_memory_and_machines_bound_the_size(index: Index, query: str, most: float) -> None:
    sizes = [index.get(name).parameters for name in ids(index, query)]  # type: ignore[union-attr]
    assert sizes
    assert all(size and size <= most * 1e9 for size in sizes)


def test_who_says_a_size_gets_it_without_a_gpu_too(index: Index) -> None:
    found = [index.get(name).parameters or 0 for name in ids(index, "cpu only 8b")]  # type: ignore[union-attr]
    assert found
    assert all(6e9 <= size <= 11e9 for size in found)


def test_a_figure_in_a_name_is_no_machine() -> None:
    for query in (
        "mixtral 8x22b",
        "bge m3",
        "two tower",
        "flan t5 xl",
        "phi 4 for coding",
        "glm 4.5",
        "llama 3.1 with tools",
    ):
        assert read_query(query).most is None


@pytest.mark.parametrize("query", ["nvfp4", "qwen3 awq", "llama 3.1 fp8"])
def test_a_quantization_filters(index: Index, query: str) -> None:
    wanted = query.rsplit(maxsplit=1)[-1].upper()
    for name in ids(index, query):
        model = index.get(name)
        assert model is not None
        assert any(wanted in f"{item.quantization} {item.repo_id}".upper() for item in model.weights)


def test_superlatives_order(index: Index) -> None:
    def sizes(query: str) -> list[int]:
        return [index.get(name).parameters or 0 for name in ids(index, query)]  # type: ignore[union-attr]

    assert sizes("biggest qwen3") == sorted(sizes("biggest qwen3"), reverse=True)
    assert sizes("smallest embedding model") == sorted(sizes("smallest embedding model"))
    assert all("llama" in name for name in ids(index, "biggest llama that fits 48gb")[:3])
    assert (index.get(ids(index, "biggest open model")[0]).parameters or 0) > 1e12  # type: ignore[union-attr]
    days = [index.get(name).release_date or "" for name in ids(index, "newest gemma")]  # type: ignore[union-attr]
    assert days == sorted(days, reverse=True)
    few = [index.get(name) for name in ids(index, "moe with few active parameters")]
    assert few
    assert all(model and (model.active_parameters or 1e12) <= 6e9 for model in few)


@pytest.mark.parametrize(
    ("query", "english"),
    [
        ("kleines Modell zum Programmieren", "small coding"),
        ("modelo pequeño para programar", "small coding"),
        ("маленькая модель для программирования", "small coding"),
        ("Spracherkennung", "asr"),
        ("reconocimiento de voz", "asr"),
        ("распознавание речи", "asr"),
        ("generar imágenes", "text to image"),
        ("Bilder erzeugen", "text to image"),
        ("генерация изображений", "text to image"),
        ("角色扮演", "roleplay"),
        ("코딩 모델", "coding"),
        ("Modell für Textzusammenfassung", "summarization"),
        ("文生图", "text to image"),
    ],
)
def test_a_search_in_another_language_is_the_english_one(index: Index, query: str, english: str) -> None:
    assert ids(index, query) == ids(index, english) != []


def test_a_word_that_joins_others_is_kept_in_a_name(index: Index) -> None:
    assert ids(index, "jina embeddings v2 base de")[0] == "jinaai/jina-embeddings-v2-base-de"


def test_a_letter_doubled_in_the_wrong_place_is_one_mistake(index: Index) -> None:
    assert all("llama" in name for name in ids(index, "lamma 3")[:3])
    assert ids(index, "GML OCR")[0] == "zai-org/glm-ocr"


@pytest.mark.parametrize("query", ["roleplay 24b", "uncensored role play 12b", "autocomplete fim", "creative writing"])
def test_uses_find_something(index: Index, query: str) -> None:
    assert ids(index, query)


@pytest.mark.parametrize("language", ["french", "spanish", "français", "italian"])
def test_a_language_that_no_model_is_made_for_is_talked_by_those_of_many(index: Index, language: str) -> None:
    found = search(index, f"{language} 7b", limit=5)
    assert found
    assert all(hit.task in {"chat", "completion"} for hit in found)
