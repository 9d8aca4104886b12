"""vLLM: `vllm serve`. Names of arguments: `vllm serve --help=all` of 0.32.0 and 0.33.0."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from modelscan.backends.arguments.allowed import Allowed
from modelscan.backends.arguments.command import (
    above_one,
    added,
    environment,
    given,
    is_repo,
    is_streamed,
    valued,
    without_given,
)
from modelscan.backends.arguments.variables import check_env
from modelscan.backends.base import CommandLine, KeyHandover, Launch
from modelscan.backends.capabilities import Runs
from modelscan.backends.vllm.adapts import adapter_words
from modelscan.backends.vllm.classifiers import makes_a_classifier
from modelscan.backends.vllm.variables import VARIABLES
from modelscan.backends.whisper import english_problem
from modelscan.model import Architecture, Candidate, Device, Task
from modelscan.units import MIB

_TASKS: frozenset[Task] = frozenset({"chat", "completion", "embed", "rerank", "speech-to-text"})
_GENERATING: frozenset[Task] = frozenset({"chat", "completion"})
_SAMPLING = ("temperature", "top_p")
_POOLINGS = {"mean": "MEAN", "cls": "CLS", "last_token": "LAST"}  # config/pooler.py
_POOLING: frozenset[Task] = frozenset({"embed", "rerank"})

# Older versions answer every origin; 0.32 takes JSON here and has no origin by default (launchers/cli_args.py).
_CLOSED = ("--allowed-origins", "[]", "--disable-fastapi-docs", "--disable-uvicorn-access-log")

# vLLM gives its engine 600 s to get ready (envs.py of 0.32.0), which large weights on a slow disk exceed. Whether a
# start goes on is the supervisor's judgement, by what moves and not by the clock.
_OWN_ENV = {"VLLM_NO_USAGE_STATS": "1", "VLLM_ENGINE_READY_TIMEOUT_S": "86400"}

# runai-model-streamer 0.17.0: credentials are to be found as botocore does, with which we looked at the place; and each
# worker is to buffer no more than its largest tensor. By default it is up to 40 GB each, which no plan counts: reading
# 257 MiB over loopback took 491 MiB more memory at most, with this 229, and no longer (1.1 and 0.6 s).
_STREAMER = {"RUNAI_STREAMER_NO_BOTO3_SESSION": "0", "RUNAI_STREAMER_MEMORY_LIMIT": "0"}

# The routes that put it to sleep are there in its developer mode only, with others that nobody may reach: then it
# listens on a socket in its own folder. `mode=wait`: requests in flight end before (0.32: entrypoints/serve/dev/sleep).
_SLEEPING = {"VLLM_SERVER_DEV_MODE": "1"}
_ASLEEP, _AWAKE = "/sleep?level=1&mode=wait", "/wake_up"

_NO_CACHE_BYTES = 16 * MIB
_WHOLE_EXPERTS = "--enable-expert-parallel"
_STAGES = "VLLM_PP_LAYER_PARTITION"

_ALLOWED = Allowed(
    backend="vLLM",
    switches=frozenset(
        {
            *(
                "--async-scheduling",
                "--no-async-scheduling",
                "--enable-auto-tool-choice",
                "--no-enable-auto-tool-choice",
            ),
            *("--enable-chunked-prefill", "--no-enable-chunked-prefill", "--enable-expert-parallel"),
            *("--enable-prefix-caching", "--no-enable-prefix-caching", "--enable-log-requests", "--disable-log-stats"),
            *("--disable-cascade-attn", "--disable-custom-all-reduce", "--disable-sliding-window"),
            *("--disable-hybrid-kv-cache-manager", "--no-disable-hybrid-kv-cache-manager", "--language-model-only"),
            *("--enable-flashinfer-autotune", "--no-enable-flashinfer-autotune", "--enable-request-id-headers"),
            *("--enable-prompt-tokens-details", "--enable-server-load-tracking", "--enable-force-include-usage"),
            *("--skip-mm-profiling", "--interleave-mm-strings", "--enable-per-request-metrics", "--enable-eplb"),
            *("--exclude-tools-when-tool-choice-none", "--return-tokens-as-token-ids"),
        }
    ),
    valued=frozenset(
        {
            *("--attention-backend", "--block-size", "--chat-template-content-format", "--cudagraph-capture-sizes"),
            *("--default-chat-template-kwargs", "--hf-overrides", "--limit-mm-per-prompt", "--linear-backend"),
            *("--long-prefill-token-threshold", "--mamba-block-size", "--mamba-cache-dtype", "--mamba-cache-mode"),
            *("--mamba-ssm-cache-dtype", "--max-cudagraph-capture-size", "--max-logprobs", "--max-num-batched-tokens"),
            *("--max-num-queued-reqs", "--mm-encoder-attn-backend", "--mm-encoder-tp-mode", "--mm-processor-cache-gb"),
            *("--mm-processor-kwargs", "--moe-backend", "--optimization-level", "--override-generation-config"),
            *("--performance-mode", "--pooler-config", "--prefix-caching-hash-algo", "--reasoning-parser"),
            *("--response-role", "--scheduling-policy", "--seed", "--shutdown-timeout", "--speculative-config"),
            *("--stream-interval", "--tool-call-parser", "--structured-outputs-config", "--all2all-backend"),
        }
    ),
    choices={
        "--config-format": frozenset({"auto", "hf", "mistral"}),
        "--convert": frozenset({"auto", "none", "embed", "classify"}),
        "--distributed-executor-backend": frozenset({"mp", "uni"}),
        "--generation-config": frozenset({"auto", "vllm"}),
        "--load-format": frozenset({"auto", "safetensors", "mistral", "dummy"}),
        "--model-impl": frozenset({"auto", "vllm", "transformers"}),
        "--runner": frozenset({"auto", "generate", "pooling"}),
        "--safetensors-load-strategy": frozenset({"lazy", "eager", "prefetch"}),
        "--tokenizer-mode": frozenset(
            {
                "auto",
                "hf",
                "slow",
                "mistral",
                "cohere",
                "deepseek_v32",
                "deepseek_v4",
                "deepseek_v41",
                "inkling",
                "kimi_k3",
            }
        ),
        "--uvicorn-log-level": frozenset({"critical", "error", "warning", "info"}),
    },
)


# `mistral`: the form that Mistral's own releases come in.
_MODEL_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "--tool-call-parser": frozenset(),
    "--reasoning-parser": frozenset(),
    "--tokenizer-mode": _ALLOWED.choices["--tokenizer-mode"],
    "--config-format": frozenset({"mistral"}),
    "--load-format": frozenset({"mistral"}),
    "--chat-template-content-format": frozenset({"auto", "string", "openai"}),
}


class VllmRuns(Runs):
    variables = VARIABLES
    model_arguments = _MODEL_ARGUMENTS
    implied_arguments = frozenset({"--enable-auto-tool-choice"})
    s3_problem = None
    step_argument = "--max-num-batched-tokens"
    stage_variable = _STAGES
    whole_experts = _WHOLE_EXPERTS
    over_socket = True
    sleeps_by = (_ASLEEP, _AWAKE)
    refuses_unstable_float16 = True  # 0.32: config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS
    # 0.32.0: entrypoints/openai/speech_to_text, which refuses srt and vtt and reads `timestamp_granularities` nowhere.
    leaves_out: Mapping[Task, str] = {"speech-to-text": "the times of words, srt and vtt"}
    # Since 0.33: METADATA, layers/quantization/__init__.py.
    plugins: Mapping[str, str] = {
        "bitsandbytes": "vllm-bnb-plugin",
        "gguf": "vllm-gguf-plugin",
        "torchao": "torchao",
        "msmodelslim": "an Ascend NPU with vllm-ascend",
    }

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        argv = [
            launch.program or "vllm",
            "serve",
            launch.location,
            "--served-model-name",
            *launch.served_model_names,
            *valued(
                *_place(launch),
                ("--revision", candidate.revision if is_repo(launch.location) else None),
                ("--load-format", "runai_streamer" if is_streamed(launch.location) else None),
                ("--runner", _runner(candidate)),
                ("--dtype", candidate.dtype),
                ("--quantization", candidate.load_quantization),
                ("--max-model-len", candidate.max_model_len if _keeps_cache(candidate) else None),
                ("--max-num-seqs", candidate.max_num_seqs),
                ("--kv-cache-dtype", None if candidate.kv_cache_dtype == "auto" else candidate.kv_cache_dtype),
                ("--tensor-parallel-size", above_one(candidate.tensor_parallel)),
                ("--pipeline-parallel-size", above_one(candidate.pipeline_parallel)),
                ("--data-parallel-size", above_one(candidate.data_parallel)),
            ),
            *_memory(candidate, launch),
            *([_WHOLE_EXPERTS] if candidate.expert_parallel and not given(candidate, _WHOLE_EXPERTS) else []),
            *([] if candidate.custom_all_reduce else ["--disable-custom-all-reduce"]),
            *(["--trust-remote-code"] if candidate.trust_remote_code else []),
            *_of_the_model(candidate),
            *adapter_words(candidate.adapters, launch.adapters),
            *_CLOSED,
            *(["--enable-sleep-mode"] if launch.sleep else []),
            *added(candidate, launch, _ALLOWED),
        ]
        own = {**_own_env(launch), **_stages(candidate), **(_SLEEPING if launch.sleep else {})}
        return CommandLine(argv=tuple(argv), env=environment(candidate, launch, own, self.variables))

    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str], allowed: Collection[str] = ()) -> None:
        """After `fold_arguments`: what enters the plan is refused here."""
        _ALLOWED.check(arguments)
        check_env(env, self.variables, allowed)

    def hand_key(self, key: str) -> KeyHandover:
        """VLLM_API_KEY (vllm/envs.py)."""
        return KeyHandover(env={"VLLM_API_KEY": key})

    def sleep_problem(self, device: Device) -> str | None:
        """0.32: platforms/interface.py, is_sleep_mode_available."""
        return "it has no sleep mode on the CPU" if device == "cpu" else None

    def serves(self, task: Task) -> bool:
        return task in _TASKS

    def shape_problem(self, shape: Architecture) -> str | None:
        """0.32.0: model_executor/models/whisper.py, get_generation_prompt."""
        return english_problem(shape)

    def may_be_said(self, name: str, value: str, task: Task) -> bool:
        if name == "--hf-overrides":
            return task == "rerank" and makes_a_classifier(value)
        return super().may_be_said(name, value, task)

    def words_of_the_model(self, task: Task, defaults: Mapping[str, float], pooling: str | None) -> tuple[str, ...]:
        """Not `max_tokens`: as `max_new_tokens` it bounds every request, also one that asks for more (0.32:
        entrypoints/openai/chat_completion/serving.py, override_max_tokens).
        """
        sampling = {name: defaults[name] for name in _SAMPLING if name in defaults}
        words = []
        if sampling and task in _GENERATING:
            words.append(f"--override-generation-config={json.dumps(sampling, separators=(',', ':'))}")
        if pooling is not None and task == "embed":
            words.append(f"--pooler-config={json.dumps({'pooling_type': _POOLINGS[pooling]}, separators=(',', ':'))}")
        return tuple(words)


def _place(launch: Launch) -> tuple[tuple[str, str | int | None], ...]:
    if launch.socket is not None:
        return (("--uds", launch.socket),)
    return (("--host", launch.host), ("--port", launch.port))


def _own_env(launch: Launch) -> dict[str, str]:
    """From S3 vLLM copies the small files beside the weights into its assets (transformers_utils/runai_utils.py), over
    those of earlier starts.
    """
    if not is_streamed(launch.location):
        return _OWN_ENV
    assets = {"VLLM_ASSETS_CACHE": launch.own_folder} if launch.own_folder else {}
    return {**_OWN_ENV, **_STREAMER, **assets}


def _stages(candidate: Candidate) -> dict[str, str]:
    return {_STAGES: ",".join(map(str, candidate.stage_layers))} if candidate.stage_layers else {}


def _runner(candidate: Candidate) -> str | None:
    """By itself it pools with what is released for that, whatever it is asked for."""
    if given(candidate, "--runner"):
        return None
    if candidate.task in _POOLING:
        return "pooling"
    return "generate" if candidate.task in _GENERATING and "task" in candidate.explicit else None


def _keeps_cache(candidate: Candidate) -> bool:
    """Encoders have nothing to bound, and their own files may say less than their shape: `max_seq_length` of
    sentence_bert_config.json, above which vLLM refuses to start (0.32: config/model.py, _get_and_verify_max_len).
    """
    cached = candidate.kv_cache_tokens is not None or candidate.memory_per_gpu.kv_cache_bytes > 0
    return candidate.task not in _POOLING or cached or "context_length" in candidate.explicit


def _of_the_model(candidate: Candidate) -> list[str]:
    """With a parser for them, the model may call tools by itself (`tool_choice: auto`)."""
    words = without_given(candidate)
    if candidate.source == "s3":  # there is one reader for it
        words = [word for word in words if not word.startswith("--load-format=")]
    tools = any(word.startswith("--tool-call-parser=") for word in words)
    return [*words, *(["--enable-auto-tool-choice"] if tools else [])]


def _memory(candidate: Candidate, launch: Launch) -> list[str]:
    """A GPU is shared by its utilization; on the CPU, where that would be a share of all memory, by the KV cache.

    There it is always said, for encoders too: without it vLLM wants 0.92 of the memory free (v1/worker/cpu_worker.py).
    """
    eager = ["--enforce-eager"] if candidate.enforce_eager or launch.device == "cpu" else []
    if launch.device == "cpu":
        return ["--kv-cache-memory-bytes", str(candidate.memory_per_gpu.kv_cache_bytes or _NO_CACHE_BYTES), *eager]
    return [*valued(("--gpu-memory-utilization", candidate.gpu_memory_utilization)), *eager]


RUNS = VllmRuns()
