"""What no backend can load: each kind has its own sentence, whether it lies in a folder or on a hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.describing import describe_listing
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import describe_folder
from modelscan.hubs.folder.locate import model_folder

Write = Callable[..., Path]
Make = Callable[..., bytes]
Files = dict[str, Any]

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 4976698672\n"
CARD = "---\nlicense: mit\nbase_model:\n- acme/Tiny-7B\n---\n# Tiny\n"
ADAPTER = {"peft_type": "LORA", "base_model_name_or_path": "acme/Tiny-7B"}


@pytest.fixture
def whole(make_safetensors: Make, llama: dict[str, Any]) -> Files:
    """The files of a model that a backend loads."""
    weights = make_safetensors({"a": ("BF16", [2], 4)})
    return {"config.json": llama, "model.safetensors": weights, "tokenizer.json": "{}"}


def on_hub(files: Mapping[str, bytes | str | dict[str, Any]]) -> Any:
    content = {name: _bytes(value) for name, value in files.items()}
    listed = tuple(RemoteFile(path=name, size_bytes=len(data)) for name, data in content.items())
    listing = Listing(commit="c" * 40, files=listed)
    return describe_listing("huggingface", "acme/x", listing, lambda path, start, end: content[path][start:end])


def _bytes(value: bytes | str | dict[str, Any]) -> bytes:
    return value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()


def refused(describe: Callable[[], object]) -> tuple[str, list[str], list[str]]:
    with pytest.raises(ModelNotFound) as caught:
        describe()
    error = caught.value
    return str(error.details.get("reason")), [error.message.partition("` ")[2], *error.cause], list(error.hints)


KINDS: list[tuple[str, Callable[[Files], Files], Any]] = [
    ("pointer weights", lambda files: files | {"model.safetensors": POINTER}, snapshot(("pointer", ["holds git-lfs pointers instead of the files", "`model.safetensors` has 135 bytes"]))),
    ("pointer tokenizer", lambda files: files | {"tokenizer.json": POINTER}, snapshot(("pointer", ["holds git-lfs pointers instead of the files", "`tokenizer.json` has 135 bytes"]))),
    ("link text", lambda files: files | {"model.safetensors": "../../blobs/" + "a" * 64}, snapshot(("pointer", ["holds the text of links instead of the files", "`model.safetensors` has 76 bytes"]))),
    ("web page", lambda files: files | {"model.safetensors": "<!DOCTYPE html><title>log in</title>"}, snapshot(("pointer", ["holds web pages instead of the files", "`model.safetensors` has 36 bytes"]))),
    ("adapter", lambda _: {"adapter_config.json": ADAPTER, "adapter_model.safetensors": b"?"}, snapshot(("adapter", ["is an adapter, which goes on top of `acme/Tiny-7B`"]))),
    ("adapter with config", lambda files: {"config.json": files["config.json"], "adapter_config.json": ADAPTER, "adapter_model.safetensors": b"?"}, snapshot(("adapter", ["is an adapter, which goes on top of `acme/Tiny-7B`"]))),
    ("fsdp", lambda files: {"config.json": files["config.json"], "pytorch_model_fsdp_0/__0_0.distcp": b"?", "pytorch_model_fsdp_0/.metadata": b"?"}, snapshot(("training_checkpoint", ["is an FSDP checkpoint in pieces", "no backend loads it as it is"]))),
    ("deepspeed", lambda files: {"config.json": files["config.json"], "global_step10/mp_rank_00_model_states.pt": b"?", "zero_to_fp32.py": "#"}, snapshot(("training_checkpoint", ["is a DeepSpeed checkpoint in pieces", "no backend loads it as it is"]))),
    ("nemo", lambda _: {"x.nemo": b"?"}, snapshot(("other_format", ["holds a NeMo archive, which no backend here loads"]))),
    ("flax", lambda files: {"config.json": files["config.json"], "flax_model.msgpack": b"?"}, snapshot(("other_format", ["holds Flax weights, which no backend here loads"]))),
    ("ascend", lambda files: files | {"quant_model_description_w8a8_dynamic.json": "{}"}, snapshot(("other_device", ["is quantized by msModelSlim, whose files only Ascend NPUs load"]))),
    ("unfinished", lambda files: {"config.json": files["config.json"], "model.safetensors.incomplete": b"?"}, snapshot(("unfinished", ["is an unfinished download", "`model.safetensors.incomplete`"]))),
    ("mlx", lambda files: files | {"config.json": {**files["config.json"], "quantization": {"group_size": 64, "bits": 4}, "quantization_config": {"group_size": 64, "bits": 4}}}, snapshot(("mlx", ["holds MLX weights, which only Apple's MLX loads"]))),
    ("exl2", lambda files: files | {"config.json": {**files["config.json"], "quantization_config": {"quant_method": "exl2", "bits": 4.25}}}, snapshot(("foreign_quantization", ["is quantized with EXL2, which no backend here loads", "it is for ExLlamaV2"]))),
    ("hqq", lambda files: files | {"config.json": {**files["config.json"], "quantization_config": {"quant_method": "hqq"}}}, snapshot(("foreign_quantization", ["is quantized with HQQ, which no backend here loads", "it is for transformers with HQQ"]))),
    ("a method of nobody", lambda files: files | {"config.json": {**files["config.json"], "quantization_config": {"quant_method": "my-quant", "bits": 4}}}, snapshot(("unknown_quantization", ["is quantized with `my-quant`, which no backend here is known to load"]))),
    ("eagle", lambda files: files | {"config.json": {**files["config.json"], "architectures": ["LlamaForCausalLMEagle3"]}, "README.md": CARD}, snapshot(("draft_head", ["is a drafter: it speeds up `acme/Tiny-7B` and cannot run alone", "modelscan plans no second model beside another yet"]))),
    ("medusa", lambda files: files | {"config.json": {**files["config.json"], "architectures": ["MedusaModel"]}}, snapshot(("draft_head", ["is a drafter: it speeds up another model and cannot run alone", "modelscan plans no second model beside another yet"]))),
    ("no class", lambda files: files | {"config.json": {key: value for key, value in files["config.json"].items() if key != "architectures"}}, snapshot(("no_architectures", ["has a `config.json` without `architectures`, so a backend cannot know the model's class"]))),
    ("no tokenizer", lambda files: {name: value for name, value in files.items() if name != "tokenizer.json"}, snapshot(("no_tokenizer", ["has no tokenizer", "none of tokenizer.json, tokenizer.model, tekken.json or vocab.json is there"]))),
]  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_each_kind_in_a_folder_and_on_a_hub(
    write_model: Write, whole: Files, make: Callable[[Files], Files], expected: tuple[str, list[str]]
) -> None:
    files = make(whole)
    kind, said, hints = refused(lambda: describe_folder(write_model(files)))
    assert (kind, said) == expected
    assert hints
    assert refused(lambda: on_hub(files))[:2] == expected


# vLLM 0.33.0, model_executor/models/registry.py: classes of repos of their own, and Gemma's and Muse's assistants.
DRAFTERS = (
    "EagleLlamaForCausalLM EagleMiniCPMForCausalLM EagleMistralLarge3ForCausalLM Eagle3Qwen3ForCausalLM "
    "Eagle3DeepseekV2ForCausalLM LlamaForCausalLMEagle3 PEagleDraftModel PeagleLlamaForCausalLM DFlashDraftModel "
    "DFlash2DraftModel DFlashLagunaForCausalLM LiLiCorrDraftModel DSparkDraftModel Qwen3DSparkModel K3DSparkModel "
    "Gemma4DSparkModel MuseGlimmerAssistantModel MedusaModel EagleDeepSeekMTPModel Gemma4MTPModel Qwen3_5MTP"
)
MODELS = "Eagle2_5_VLForConditionalGeneration DeepseekV4ForCausalLM Gemma4ForConditionalGeneration"


@pytest.mark.parametrize("name", DRAFTERS.split())
def test_every_class_of_drafters_is_known(whole: Files, name: str) -> None:
    files = whole | {"config.json": {**whole["config.json"], "architectures": [name]}}
    assert refused(lambda: on_hub(files))[0] == "draft_head"


@pytest.mark.parametrize("name", MODELS.split())
def test_a_class_of_models_is_none(whole: Files, name: str) -> None:
    assert on_hub(whole | {"config.json": {**whole["config.json"], "architectures": [name]}})


def test_a_drafter_is_known_by_its_type(whole: Files) -> None:
    assistant = {**whole["config.json"], "model_type": "gemma4_assistant", "architectures": ["Gemma4Assistant"]}
    assert refused(lambda: on_hub(whole | {"config.json": assistant}))[0] == "draft_head"


def test_what_is_whole_is_loaded(write_model: Write, whole: Files) -> None:
    assert describe_folder(write_model(whole)).size_bytes == len(whole["model.safetensors"])
    assert on_hub(whole | {"adapter_config.json": ADAPTER}).quantization == "BF16"  # merged, its recipe left beside it


@pytest.mark.parametrize(
    "name", ["tokenizer.model", "vocab.json", "spiece.model", "tekken.json", "qwen.tiktoken", "vocab.txt"]
)
def test_any_tokenizer_will_do(whole: Files, name: str) -> None:
    assert (
        on_hub({**{key: value for key, value in whole.items() if key != "tokenizer.json"}, name: b"?"}).task
        == "completion"
    )


def test_the_way_to_serve_an_adapter(write_model: Write) -> None:
    folder = write_model({"adapter_config.json": ADAPTER, "adapter_model.safetensors": b"?"})
    assert refused(lambda: describe_folder(folder))[2] == [
        f"serve it on top of that: modelscan deploy acme/Tiny-7B --adapter NAME={folder}",
        "or merge the adapter into its model (peft: merge_and_unload) and deploy that folder",
    ]


def test_words_of_an_adapter_are_cleaned() -> None:
    files = {
        "adapter_config.json": {"base_model_name_or_path": "a/b\x1b[31m; rm -rf ~"},
        "adapter_model.safetensors": b"?",
    }
    _, said, hints = refused(lambda: on_hub(files))
    assert "\x1b" not in "".join([*said, *hints])
    assert hints[0] == "serve it on top of that: modelscan deploy BASE --adapter NAME=acme/x"


PARAMS = {
    "dim": 256,
    "n_layers": 2,
    "head_dim": 64,
    "hidden_dim": 512,
    "n_heads": 4,
    "n_kv_heads": 2,
    "vocab_size": 1000,
}


def test_a_repo_in_mistrals_own_form(write_model: Write, make_safetensors: Make) -> None:
    shards = {
        f"consolidated-0000{n}-of-00002.safetensors": make_safetensors({f"t{n}": ("BF16", [n], 2 * n)}) for n in (1, 2)
    }
    index = {"weight_map": {f"t{n}": f"consolidated-0000{n}-of-00002.safetensors" for n in (1, 2)}}
    files = {"params.json": PARAMS, "tekken.json": "{}", "consolidated.safetensors.index.json": index, **shards}
    for found in (describe_folder(write_model(files)), on_hub(files)):
        shape = found.architecture
        assert shape is not None
        assert (shape.num_hidden_layers, shape.hidden_size, shape.num_key_value_heads, shape.head_dim) == (
            2,
            256,
            2,
            64,
        )
        assert (shape.architectures, shape.max_position_embeddings) == (("MistralForCausalLM",), 128_000)
        assert (found.quantization, found.parameters_by_dtype) == ("BF16", {"BF16": 3})
    del files["consolidated-00002-of-00002.safetensors"]
    with pytest.raises(ModelscanError, match="damaged"):
        on_hub(files)


def test_what_a_path_means(write_model: Write, whole: Files, tmp_path: Path) -> None:
    folder = write_model({f"box/model/{name}": value for name, value in whole.items()})
    model = folder / "box" / "model"
    assert model_folder(folder) == model_folder(model / "model.safetensors") == model_folder(model) == model
    write_model({"box/other/config.json": {}})
    assert model_folder(folder) == folder  # which of the two is not ours to say
    commit = tmp_path / "models--acme--x" / "snapshots" / ("a" * 40)
    commit.mkdir(parents=True)
    assert model_folder(tmp_path / "models--acme--x") == commit


def test_a_relative_path_is_absolute(whole: Files, write_model: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(whole)
    monkeypatch.chdir(folder.parent)
    assert model_folder(Path(folder.name)) == folder
