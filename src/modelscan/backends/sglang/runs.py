"""SGLang: `sglang serve`. Names of arguments: `--help` of 0.5.23, long forms, since short ones are ambiguous there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from modelscan.backends.arguments.allowed import Allowed
from modelscan.backends.arguments.command import above_one, added, environment, is_repo, valued, without_given
from modelscan.backends.arguments.variables import check_env
from modelscan.backends.base import CommandLine, KeyHandover, Launch
from modelscan.backends.capabilities import Runs
from modelscan.backends.sglang.adapts import adapter_words
from modelscan.backends.sglang.variables import VARIABLES
from modelscan.backends.whisper import english_problem
from modelscan.errors import Usage
from modelscan.model import Architecture, Candidate, Task

_TASKS: frozenset[Task] = frozenset({"chat", "completion", "embed", "rerank", "speech-to-text"})
_POOLING: frozenset[Task] = frozenset({"embed", "rerank"})
_KV_CACHE_DTYPES = {"fp8": "fp8_e4m3"}  # vLLM's word, which SGLang does not know

# What serves on a CPU (run with 0.5.23): native PyTorch, and the variable without which it looks for a GPU.
_ON_CPU = (
    *("--device", "cpu", "--attention-backend", "torch_native", "--sampling-backend", "pytorch"),
    "--disable-overlap-schedule",
)
_NO_GRAPHS = ("--cuda-graph-backend-decode", "disabled", "--cuda-graph-backend-prefill", "disabled")

_ALLOWED = Allowed(
    backend="SGLang",
    switches=frozenset(
        {
            *("--disable-radix-cache", "--disable-custom-all-reduce", "--disable-chunked-prefix-cache"),
            *("--disable-overlap-schedule", "--enable-mixed-chunk", "--enable-multimodal", "--enable-torch-compile"),
            *("--enable-dp-attention", "--enable-eplb", "--enable-cache-report", "--log-requests"),
            *("--enable-tokenizer-batch-encode", "--incremental-streaming-output", "--skip-server-warmup"),
        }
    ),
    valued=frozenset(
        {
            *("--attention-backend", "--chunked-prefill-size", "--cuda-graph-max-bs-decode"),
            *("--decode-attention-backend", "--dsa-decode-backend", "--dsa-prefill-backend"),
            "--mamba-radix-cache-strategy",
            *("--grammar-backend", "--json-model-override-args", "--log-requests-level"),
            *("--max-prefill-tokens", "--max-queued-requests", "--mm-attention-backend", "--moe-a2a-backend"),
            *("--moe-runner-backend", "--num-continuous-decode-steps", "--page-size", "--prefill-attention-backend"),
            *("--random-seed", "--reasoning-parser", "--sampling-backend", "--schedule-conservativeness"),
            *("--schedule-policy", "--speculative-algorithm", "--speculative-eagle-topk", "--speculative-num-steps"),
            *("--speculative-num-draft-tokens", "--stream-interval", "--swa-full-tokens-ratio", "--tool-call-parser"),
            *("--watchdog-timeout", "--mamba-ssm-dtype", "--ep-size"),
        }
    ),
    choices={
        "--cuda-graph-backend-prefill": frozenset({"disabled"}),
        "--load-format": frozenset({"auto", "safetensors", "mistral", "dummy"}),
        "--log-level": frozenset({"critical", "error", "warning", "info"}),
        "--model-impl": frozenset({"auto", "sglang", "transformers"}),
        "--sampling-defaults": frozenset({"openai", "model"}),
        "--tokenizer-mode": frozenset({"auto", "slow"}),
    },
)


_KEY_FILE = "key.yaml"
_MODEL_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "--tool-call-parser": frozenset(),
    "--reasoning-parser": frozenset(),
    # Its own templates, by name (srt/parser/conversation.py): never a file.
    "--chat-template": frozenset(
        {
            *("chatml", "chatml-llava", "deepseek-ocr", "deepseek-vl2", "devstral", "gemma-it", "gme-qwen2-vl"),
            *("internlm2-chat", "internvl-2-5", "janus-pro", "kimi-vl", "llama-2", "llama-4", "llama_3_vision"),
            *("llava_llama_3", "minicpmo", "minicpmv", "mistral", "paddle-ocr", "phi-4-mm", "points-v15-chat"),
            *("qwen2-audio", "qwen2-vl", "vicuna_v1.1", "whisper"),
        }
    ),
}


class SglangRuns(Runs):
    variables = VARIABLES
    model_arguments = _MODEL_ARGUMENTS
    # sglang 0.5.23, srt/entrypoints/http_server.py: CORS for every origin, without an option.
    cautions = ("SGLang lets every web page that is open in a browser here call its endpoint",)
    # sglang 0.5.23, srt/utils/runai_utils.py: its reader marks the small files it copied as complete, for ever.
    s3_problem = "it would go on with the config that it copied first, whatever lies there later"
    step_argument = "--chunked-prefill-size"
    plugins: Mapping[str, str] = {"msmodelslim": "an Ascend NPU"}

    def command_line(self, candidate: Candidate, launch: Launch) -> CommandLine:
        kv_cache_dtype = None if candidate.kv_cache_dtype == "auto" else candidate.kv_cache_dtype
        argv = [
            launch.program or "sglang",
            "serve",
            "--model-path",
            launch.location,
            *valued(
                ("--served-model-name", next(iter(launch.served_model_names), None)),
                ("--host", launch.host),
                ("--port", launch.port),
                ("--revision", candidate.revision if is_repo(launch.location) else None),
                ("--dtype", candidate.dtype),
                ("--quantization", candidate.load_quantization),
                ("--context-length", candidate.max_model_len),
                ("--max-running-requests", candidate.max_num_seqs),
                ("--kv-cache-dtype", _KV_CACHE_DTYPES.get(kv_cache_dtype or "", kv_cache_dtype)),
                ("--tp-size", above_one(candidate.tensor_parallel)),
                ("--pp-size", above_one(candidate.pipeline_parallel)),
                ("--dp-size", above_one(candidate.data_parallel)),
            ),
            *(["--is-embedding"] if candidate.task in _POOLING else []),
            *_memory(candidate, launch),
            *([] if candidate.custom_all_reduce else ["--disable-custom-all-reduce"]),
            *(["--trust-remote-code"] if candidate.trust_remote_code else []),
            *(["--config", _KEY_FILE] if launch.api_key_env is not None else []),
            *without_given(candidate),
            *adapter_words(candidate.adapters, launch.adapters),
            "--enable-metrics",
            *valued(("--log-level-http", "warning")),
            *added(candidate, launch, _ALLOWED),
        ]
        return CommandLine(argv=tuple(argv), env=environment(candidate, launch, _own_env(launch), self.variables))

    def check_arguments(self, arguments: Sequence[str], env: Mapping[str, str], allowed: Collection[str] = ()) -> None:
        """After `fold_arguments`: what enters the plan is refused here."""
        _ALLOWED.check(arguments)
        check_env(env, self.variables, allowed)

    def hand_key(self, key: str) -> KeyHandover:
        """In a file of arguments, which SGLang reads once and puts before those of its command line (0.5.23:
        srt/utils/server_args_config_parser.py). Raises Usage for a key that it would take for an option.
        """
        if key.startswith("-"):
            raise Usage("the key begins with `-`: SGLang would take it for an option", hints=["use another key"])
        return KeyHandover(files={_KEY_FILE: json.dumps({"api-key": key}) + "\n"})  # JSON is YAML

    def serves(self, task: Task) -> bool:
        return task in _TASKS

    def shape_problem(self, shape: Architecture) -> str | None:
        """0.5.23, not run: srt/multimodal/processors/whisper.py."""
        return english_problem(shape)


def _memory(candidate: Candidate, launch: Launch) -> list[str]:
    """On the CPU the pool is capped in tokens: as a share of memory it took 4.9 GB for a model of 1 MB."""
    if launch.device == "cpu":
        return [*_ON_CPU, *valued(("--max-total-tokens", candidate.kv_cache_tokens))]
    graphs = _NO_GRAPHS if candidate.enforce_eager else ()
    return [*valued(("--mem-fraction-static", candidate.gpu_memory_utilization)), *graphs]


def _own_env(launch: Launch) -> dict[str, str]:
    """/health would generate a token and take a second at each probe; ours generates by itself. The pages of the API's
    description are closed; its CORS is open to every site and has no switch (0.5.23: entrypoints/http_server.py).
    """
    own = {"SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION": "0", "DISABLE_OPENAPI_DOC": "1"}
    return {**own, "SGLANG_USE_CPU_ENGINE": "1"} if launch.device == "cpu" else own


RUNS = SglangRuns()
