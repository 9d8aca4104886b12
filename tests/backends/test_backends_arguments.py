"""What may be added to a backend's command line and environment, and how arguments are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.backends.arguments.variables import SHARED
from modelscan.backends.arguments.words import read_arguments, split_words
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage

VLLM, SGLANG = BACKENDS["vllm"].runs, BACKENDS["sglang"].runs


@pytest.mark.parametrize(
    ("given_as", "words"),
    [
        (["--seed=7"], ("--seed=7",)),
        (["--seed 7"], ("--seed", "7")),
        (["--seed", "7"], ("--seed", "7")),
        (["--seed 7 --no-enable-prefix-caching"], ("--seed", "7", "--no-enable-prefix-caching")),
        (['--hf-overrides={"a": "b c"}'], ('--hf-overrides={"a": "b c"}',)),
        (['--hf-overrides {"a": "b c"}'], ("--hf-overrides", '{"a": "b c"}')),
        (["--hf-overrides '{\"a\": 1}'"], ("--hf-overrides", '{"a": 1}')),
    ],
)
def test_words(given_as: list[str], words: tuple[str, ...]) -> None:
    assert split_words(given_as) == words


def test_names_are_read_as_the_backends_read_them() -> None:
    read = read_arguments(["--hf_overrides={}", "--speculative-config.method=mtp", "--seed", "-1", "-tp", "2"])
    assert [(one.name, one.values) for one in read] == [
        ("--hf-overrides", ("{}",)),
        ("--speculative-config", ("mtp",)),
        ("--seed", ("-1",)),
        ("-tp", ("2",)),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-num-batched-tokens=8192", "--enable-expert-parallel", "--reasoning-parser qwen3"],
        ["--enable-auto-tool-choice", "--tool-call-parser", "hermes"],
        ["--cudagraph-capture-sizes 1 2 4"],
        ["--load-format=dummy", "--generation-config vllm", "--runner pooling"],
        ['--speculative-config={"num_speculative_tokens": 1, "method": "mtp"}', "--speculative-config.method=mtp"],
        ["--mm_processor_kwargs={}"],
    ],
)
def test_allowed_for_vllm(arguments: list[str]) -> None:
    VLLM.check_arguments(arguments, {})


@pytest.mark.parametrize(
    "arguments",
    [["--chunked-prefill-size=4096", "--disable-radix-cache"], ["--tool-call-parser qwen25", "--load-format dummy"]],
)
def test_allowed_for_sglang(arguments: list[str]) -> None:
    SGLANG.check_arguments(arguments, {})


REFUSED = """
--host=0.0.0.0                         modelscan chooses the address
--port 1                               modelscan chooses the address
--uds=/tmp/x                           modelscan chooses the address
--root-path=/x                         modelscan chooses the address
--ssl-keyfile=x                        modelscan chooses the address
--grpc                                 modelscan chooses the address
--trust-remote-code                    use modelscan's own option: --trust-remote-code
--allowed-origins=["*"]                cross-origin requests stay disabled
--model=x/y                            modelscan names the model
--served-model-name x                  modelscan names the model
--tokenizer=x                          modelscan names the model
--code-revision=x                      weights, tokenizer and code come from one revision: use --revision
--config=x.yaml                        a settings file would bypass the checks
--chat-template=x.jinja                the chat template of the weights is used
--download-dir=/x                      modelscan chooses the folders
--middleware=x.y                       it can load code
--tool-parser-plugin=x.py              it can load code
--worker-cls=x.y                       it can load code
--logits_processors=x:y                it can load code
--compilation-config={}                it can load code
--kv-transfer-config={}                it can load code
--model-loader-extra-config={}         it can load code
--data-parallel-size=2                 modelscan chooses the devices
--nnodes=2                             modelscan chooses the devices
--kv-cache-memory-bytes=1              the plan sizes the memory: use --context-length, --max-concurrency or --max-memory
--max-num-seqs=8                       it affects the plan: use --max-concurrency N
--enforce-eager                        it affects the plan: use --enforce-eager
--ho=0.0.0.0                           it is not an argument that modelscan passes to vLLM
--omni                                 it is not an argument that modelscan passes to vLLM
--load-format=runai_streamer           valid values are auto, dummy, mistral, safetensors
--generation-config=/x                 valid values are auto, vllm
--distributed-executor-backend=a.B     valid values are mp, uni
--enable-prefix-caching=x              it takes no value
--speculative-config={"model": "x/y"}  the plan does not cover a second model
--speculative-config={"mod\\u0065l": 1}  the plan does not cover a second model
--speculative-config.model=x/y         the plan does not cover a second model
"""


@pytest.mark.parametrize("row", REFUSED.strip().splitlines())
def test_refused(row: str) -> None:
    argument, reason = (part.strip() for part in row.split("  ", 1))
    with pytest.raises(Usage) as raised:
        VLLM.check_arguments([argument], {})
    assert raised.value.message == f"`{argument}` is not allowed for vLLM"
    assert raised.value.cause == (reason,)
    assert raised.value.hints == ("remove that --backend-arg",)


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("--api-key=planted", "--api-key"),
        ("--api_key planted", "--api-key"),
        ("--admin-api-key=planted", "--admin-api-key"),
        ("--hf-token planted", "--hf-token"),
        ('--hf-overrides={"x": "hf_plantedplantedplanted"}', "--hf-overrides"),
        ("--override-generation-config=sk-plantedplantedplanted", "--override-generation-config"),
    ],
)
def test_a_secret_is_refused_and_not_repeated(argument: str, name: str) -> None:
    with pytest.raises(Usage) as raised:
        VLLM.check_arguments([argument], {})
    assert raised.value.message == f"`{name}=***` must not be given on a command line"
    assert "planted" not in str(raised.value.details)
    with pytest.raises(Usage, match="OMP_PLACES"):
        VLLM.check_arguments([], {"OMP_PLACES": "hf_plantedplantedplanted"})


@pytest.mark.parametrize("arguments", [["x/y"], ["--enable-prefix-caching x/y"], ["--seed=7", "x/y"]])
def test_a_word_that_would_be_taken_for_the_model_is_refused(arguments: list[str]) -> None:
    with pytest.raises(Usage, match="`x/y` is not an argument"):
        VLLM.check_arguments(arguments, {})


def test_an_open_quotation_mark_is_said() -> None:
    with pytest.raises(Usage, match="unclosed quotation mark"):
        VLLM.check_arguments(["--seed '7"], {})


@given(st.sampled_from(["--host", "--port", "--api-key", "--trust-remote-code", "--middleware"]), st.data())
def test_no_shortened_form_of_a_refused_name_passes(name: str, data: st.DataObject) -> None:
    shortened = name[: data.draw(st.integers(3, len(name)))].replace("-", data.draw(st.sampled_from("-_"))).lstrip("_-")
    for backend in (VLLM, SGLANG):
        with pytest.raises(Usage):
            backend.check_arguments([f"--{shortened}={data.draw(st.text(max_size=5))}"], {})


@pytest.mark.parametrize(
    "name",
    ["OMP_NUM_THREADS", "VLLM_CPU_OMP_THREADS_BIND", "NCCL_P2P_DISABLE", "NCCL_DEBUG",
     "PYTORCH_CUDA_ALLOC_CONF", "VLLM_ENGINE_READY_TIMEOUT_S", "CUDA_LAUNCH_BLOCKING"],
)  # fmt: skip
def test_allowed_variables(name: str) -> None:
    VLLM.check_arguments([], {name: "1"})


@pytest.mark.parametrize(
    "name",
    ["LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONSTARTUP", "PATH", "HTTPS_PROXY", "https_proxy", "HF_TOKEN",
     "VLLM_API_KEY", "AWS_SECRET_ACCESS_KEY", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER",
     "VLLM_PLUGINS", "NCCL_NET_PLUGIN", "VLLM_SERVER_DEV_MODE", "VLLM_ALLOW_INSECURE_SERIALIZATION", "VLLM_PORT",
     "VLLM_USE_MODELSCOPE", "TORCHINDUCTOR_CACHE_DIR", "CUDA_INJECTION64_PATH", "SGLANG_EXTERNAL_MODEL_PACKAGE",
     "HF_ENDPOINT", "GPUSTACK_MODEL_VRAM_CLAIM", "FOO",
     # What an attack got past lists of beginnings: files that are written, code that is loaded, addresses.
     "TORCH_LOGS_OUT", "TORCH_LOGS", "TORCH_TRACE", "OMP_TOOL_LIBRARIES", "PYTORCH_NVCC", "VLLM_USAGE_STATS_SERVER",
     "FLASHINFER_CUBINS_REPOSITORY", "GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME", "NCCL_DEBUG_FILE", "NCCL_TUNER_CONFIG",
     "NCCL_TOPO_DUMP_FILE", "TRITON_CACHE_MANAGER", "TORCHINDUCTOR_CPP_WRAPPER", "VLLM_TRACE_FUNCTION", "KMP_CPUINFO_FILE",
     "VLLM_MEDIA_CONNECTOR", "PYTORCH_TUNABLEOP_FILENAME", "VLLM_LOGGING_STREAM", "MKL_VERBOSE_OUTPUT_FILE", "omp_num_threads",
     "CUDA_LOG_FILE", "HIP_MODULE_LOADING_FILE", "HSA_TOOLS_LIB", "SGLANG_ENABLE_SPEC_V2"],
)  # fmt: skip
def test_refused_variables(name: str) -> None:
    with pytest.raises(Usage, match=f"`{name}`"):
        VLLM.check_arguments([], {name: "1"})


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_list_has_a_name_that_looks_like_a_file_or_code(backend: str) -> None:
    words = {
        "PATH",
        "DIR",
        "FILE",
        "FILENAME",
        "FOLDER",
        "SO",
        "PLUGIN",
        "PLUGINS",
        "LIBRARIES",
        "SERVER",
        "URL",
        "IP",
        "PORT",
    }
    words |= {
        "IFNAME",
        "NVCC",
        "REPOSITORY",
        "OUT",
        "CACHE_DIR",
        "ROOT",
        "HOME",
        "CONNECTOR",
    }
    assert [name for name in (*SHARED, *BACKENDS[backend].runs.variables) if words & set(name.split("_"))] == []


@given(st.from_regex(r"(VLLM|OMP|NCCL|TORCH|CUDA|SGLANG|HF_HUB)_[A-Z_]{1,20}", fullmatch=True))
def test_only_exact_names_pass(name: str) -> None:
    if name not in SHARED | VLLM.variables:
        with pytest.raises(Usage) as raised:
            VLLM.check_arguments([], {name: "1"})
        hints = " ".join(raised.value.hints)
        if f"--allow-env {name}" in hints:
            VLLM.check_arguments([], {name: "1"}, [name])  # a person has said so


@pytest.mark.parametrize(
    ("name", "value"),
    [("CUDA_VISIBLE_DEVICES", "1"), ("MODELSCAN_DEPLOYMENT", "x"), ("SPT_NOENV", ""), ("VLLM_API_KEY", "x"),
     ("VLLM_LOGGING_PREFIX", "hf_" + "a" * 30)],
)  # fmt: skip
def test_some_are_never_allowed(name: str, value: str) -> None:
    with pytest.raises(Usage) as raised:
        VLLM.check_arguments([], {name: value}, [name])
    assert raised.value.hints == ("remove that --env",)


def test_a_slip_is_met_with_near_names() -> None:
    with pytest.raises(Usage) as raised:
        VLLM.check_arguments(["--enable-prefix-cachin"], {})
    assert raised.value.cause == ("it is not an argument that modelscan passes to vLLM",)
    assert raised.value.hints == (
        "did you mean: --backend-arg=--enable-prefix-caching",
        "did you mean: --backend-arg=--no-enable-prefix-caching",
        "remove that --backend-arg",
    )
