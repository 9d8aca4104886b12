"""Deployments as configurations of LiteLLM and llama-swap."""

from __future__ import annotations

import yaml
from inline_snapshot import snapshot

from modelscan import dataclasses
from modelscan.exports.litellm import RemoteModel, litellm_config, litellm_text
from modelscan.exports.llama_swap import llama_swap_config, llama_swap_text
from modelscan.model import Adapter, Deployment


def deployment(name: str, *, port: int = 8080, **changes: object) -> Deployment:
    values: dict[str, object] = {"status": "ready", "served_model_names": (name, "lab/demo"), **changes}
    return Deployment(id=f"id-{name}", name=name, model="lab/demo", backend="vllm", port=port, **values)  # type: ignore[arg-type]


REMOTE = (
    RemoteModel(name="big", base_url="https://api.example.com/v1", model="big-1", api_key_env="BIG_KEY"),
    RemoteModel(name="smollm2", base_url="http://127.0.0.1:11434/v1", model="smollm2:135m", ollama=True),
    RemoteModel(name="nomic", base_url="http://127.0.0.1:11434", model="nomic:latest", ollama=True, task="embed"),
)


def test_the_whole_file() -> None:
    made = [
        deployment("b", port=8081, api_key_env="B_KEY", max_model_len=4096),
        deployment("a"),
        deployment("stopped", status="stopped"),
        deployment("sorter", port=8082, task="rerank", served_model_names=("sorter",)),
    ]
    config = litellm_config(
        made,
        remote=REMOTE,
        aliases={"gpt-4o": "a", "gone": "nothing", "a": "b"},
        fallbacks={"a": ["b", "nothing"], "nothing": ["a"], "gpt-4o": ["big"]},
        weights={"b": 3},
    )
    text = litellm_text(config)
    assert yaml.safe_load(text) == config
    assert text == snapshot("""\
# Written by modelscan for LiteLLM 1.108, from the deployments that are ready.
# Where `routing.litellm_file` names this file it is written anew with every change of a route.
# Start it:  LITELLM_MASTER_KEY=sk-CHOOSE-ONE litellm --config THIS-FILE --host 127.0.0.1 --port 4000
# LiteLLM reads this file once, when it starts: restart it after a change.
# It must find these variables, each with a key: BIG_KEY, B_KEY.
model_list:
- model_name: a
  litellm_params:
    model: hosted_vllm/a
    api_base: http://127.0.0.1:8080/v1
    api_key: none
  model_info:
    id: id-a
    mode: chat
- model_name: b
  litellm_params:
    model: hosted_vllm/b
    api_base: http://127.0.0.1:8081/v1
    api_key: os.environ/B_KEY
  model_info:
    id: id-b
    mode: chat
    max_input_tokens: 4096
- model_name: sorter
  litellm_params:
    model: hosted_vllm/sorter
    api_base: http://127.0.0.1:8082
    api_key: none
  model_info:
    id: id-sorter
    mode: rerank
- model_name: big
  litellm_params:
    model: openai/big-1
    api_base: https://api.example.com/v1
    api_key: os.environ/BIG_KEY
  model_info:
    id: upstream:big
    mode: chat
- model_name: smollm2
  litellm_params:
    model: ollama_chat/smollm2:135m
    api_base: http://127.0.0.1:11434
    stream_timeout: 600
  model_info:
    id: upstream:smollm2
    mode: chat
- model_name: nomic
  litellm_params:
    model: ollama/nomic:latest
    api_base: http://127.0.0.1:11434
    stream_timeout: 600
  model_info:
    id: upstream:nomic
    mode: embedding
- model_name: lab/demo
  litellm_params:
    model: hosted_vllm/a
    api_base: http://127.0.0.1:8080/v1
    api_key: none
    weight: 1
  model_info:
    id: id-a:lab/demo
    mode: chat
- model_name: lab/demo
  litellm_params:
    model: hosted_vllm/b
    api_base: http://127.0.0.1:8081/v1
    api_key: os.environ/B_KEY
    weight: 3
  model_info:
    id: id-b:lab/demo
    mode: chat
    max_input_tokens: 4096
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 1
  model_group_alias:
    gpt-4o: a
  fallbacks:
  - a:
    - b
  - gpt-4o:
    - big
litellm_settings:
  drop_params: true
  request_timeout: 600
  telemetry: false
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
""")


def test_without_a_master_key_only_where_that_is_said() -> None:
    assert litellm_config([])["general_settings"] == {"master_key": "os.environ/LITELLM_MASTER_KEY"}
    keyless = litellm_config([], keyless=True)
    assert "# Left out, as only modelscan's secret store has their keys: far, model-a3k9x.\n" in litellm_text(
        keyless, ["far", "model-a3k9x"]
    )
    assert keyless["general_settings"] == {"dangerously_permit_weak_or_unset_master_key": True}
    assert litellm_text(keyless).partition("model_list")[0] == snapshot("""\
# Written by modelscan for LiteLLM 1.108, from the deployments that are ready.
# Where `routing.litellm_file` names this file it is written anew with every change of a route.
# Start it:  litellm --config THIS-FILE --host 127.0.0.1 --port 4000
# LiteLLM reads this file once, when it starts: restart it after a change.
# No key is asked for: whoever reaches the port may use the models.
""")


def test_a_weight_on_all_of_a_group_or_on_none() -> None:
    pair = [deployment("a"), deployment("b", port=8081)]
    for weights, wanted in (({}, [None, None]), ({"a": 2}, [2, 1]), ({"other": 2}, [None, None])):
        models = litellm_config(pair, weights=weights)["model_list"]
        shared = [item["litellm_params"].get("weight") for item in models if item["model_name"] == "lab/demo"]
        assert shared == wanted
        identities = [item["model_info"]["id"] for item in models]
        assert len(set(identities)) == len(identities)


def test_llama_swap_starts_what_is_stopped() -> None:
    made = [
        deployment("b", port=8081, status="stopped", idle_timeout_seconds=1800.0),
        deployment("a", served_model_names=("a", "lab/demo", "Lab/Demo")),
        deployment("gone", removed_at="x"),
        deployment("nowhere", port=None),  # type: ignore[arg-type]
    ]
    config = llama_swap_config(made)
    assert yaml.safe_load(llama_swap_text(config)) == config
    assert llama_swap_text(config) == snapshot("""\
# For llama-swap, from the deployments of modelscan. Write it again after a deploy, a remove or a new port.
healthCheckTimeout: 3600
models:
  a:
    cmd: sh -c 'modelscan start a && exec modelscan logs a --tail 0 --follow'
    cmdStop: modelscan stop a
    proxy: http://127.0.0.1:8080
    checkEndpoint: /health
    useModelName: a
    aliases:
    - Lab/Demo
  b:
    cmd: sh -c 'modelscan start b && exec modelscan logs b --tail 0 --follow'
    cmdStop: modelscan stop b
    proxy: http://127.0.0.1:8081
    checkEndpoint: /health
    useModelName: b
    ttl: 1800
""")


def with_adapters(backend: str) -> Deployment:
    adapters = tuple(
        Adapter(
            name=name, source="local_path", repo_id="/a", format="peft", file="f", size_bytes=1, parameters=1, rank=8
        )
        for name in ("sql", "tone")
    )
    return dataclasses.replace(deployment("eyes"), backend=backend, adapters=adapters)


def test_litellm_asks_each_backend_for_an_adapter_in_its_way() -> None:
    found = {}
    for backend in ("vllm", "sglang", "llamacpp"):
        [*_, tone] = litellm_config([with_adapters(backend)])["model_list"]
        assert (tone["model_name"], tone["model_info"]["id"]) == ("tone", "id-eyes:tone")
        found[backend] = {key: tone["litellm_params"].get(key) for key in ("model", "extra_body")}
    assert found == snapshot(
        {
            "vllm": {"model": "hosted_vllm/tone", "extra_body": None},
            "sglang": {"model": "openai/eyes:tone", "extra_body": None},
            "llamacpp": {"model": "openai/eyes", "extra_body": {"lora": [{"id": 1, "scale": 1.0}]}},
        }
    )


def test_llama_swap_leads_to_adapters_that_are_models_to_their_backend() -> None:
    found = {}
    for backend in ("vllm", "sglang", "llamacpp"):
        [model] = llama_swap_config([with_adapters(backend)])["models"].values()
        found[backend] = {key: model.get(key) for key in ("useModelName", "aliases")}
    assert found == snapshot(
        {
            "vllm": {"useModelName": None, "aliases": ["lab/demo", "sql", "tone"]},
            "sglang": {"useModelName": "eyes", "aliases": ["lab/demo"]},
            "llamacpp": {"useModelName": "eyes", "aliases": ["lab/demo"]},
        }
    )
