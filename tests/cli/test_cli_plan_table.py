"""Which answer for which model on which machine, through the shipped catalogs, offline, and why it is right."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Modelscan

_ROWS = """
baai/bge-m3                               | rtx-3060       | BF16 1  | 1.1 GiB: nothing is gained by shrinking it
baai/bge-m3                               | cpu:16gb       | FP32 0  | an encoder serves from a CPU, in float32
baai/bge-m3                               | h100-80gb      | BF16 1  | the same on a large GPU
openai/whisper-large-v3                   | rtx-3060       | FP16 1  | 2.9 GiB as released in FP16
openai/whisper-large-v3-turbo             | t4             | FP16 1  | Turing has no BF16; the release is FP16
qwen/qwen3-embedding-0.6b                 | rtx-3060       | BF16 1  | small
qwen/qwen3-0.6b                           | rtx-3060       | BF16 1  | small: a quarter of the GPU is not reached
qwen/qwen3-0.6b                           | cpu:16gb       | FP32 0  | float32 on a CPU
qwen/qwen3-8b                             | rtx-3060       | Q4_K_M 1 | in vLLM AWQ leaves 8,192 tokens; llama.cpp reaches 32,768
qwen/qwen3-8b                             | rtx-4090       | FP8 1   | the owner's FP8 files, native on Ada
qwen/qwen3-8b                             | l4             | FP8 1   | the same
qwen/qwen3-8b                             | v100-32gb      | Q4_K_M 1 | vLLM's machine code begins at 7.5, llama.cpp's at 5.0
qwen/qwen3-32b                            | 2xrtx-3090     | FP8 2   | weight-only on Ampere, but it holds
qwen/qwen3-32b                            | 2xrtx-4090     | FP8 2   | the owner's FP8 files over two GPUs
qwen/qwen3-32b                            | rtx-5090       | NVFP4 1 | 32 GiB of FP8 do not fit 32 GB; NVIDIA's NVFP4 does, natively
qwen/qwen3-32b                            | a100-80gb      | BF16 1  | no FP8 units, and BF16 fits
qwen/qwen3-32b                            | h100-80gb      | FP8 1   | native FP8, known files
qwen/qwen3-32b                            | l40s           | FP8 1   | native FP8 on Ada
qwen/qwen3-32b                            | gb10           | FP8 1   | unified memory holds it, bandwidth asks for few bytes
qwen/qwen3-30b-a3b                        | h100-80gb      | FP8 1   | known FP8 files of a mixture
qwen/qwen3-235b-a22b                      | 8xh100-80gb    | FP8 4   | four of eight hold it: the others stay free
qwen/qwen3-235b-a22b                      | 4xh100-80gb    | FP8 4   | all four
qwen/qwen3-235b-a22b                      | 8xa100-80gb    | BF16 8  | no FP8 units: BF16 over all eight
qwen/qwen3-next-80b-a3b-instruct          | 2xh100-80gb    | FP8 2   | 80 GB of FP8 need two
openai/gpt-oss-20b                        | rtx-4090       | MXFP4 1 | the format of the release, weight-only on Ada
openai/gpt-oss-20b                        | h100-80gb      | MXFP4 1 | the same
openai/gpt-oss-20b                        | t4             | MXFP4 1 | vLLM needs 8.0 for it, llama.cpp does not
openai/gpt-oss-120b                       | h100-80gb      | MXFP4 1 | made to fit one H100
openai/gpt-oss-120b                       | gb10           | MXFP4 1 | 66 GiB in 120 GB of unified memory
openai/gpt-oss-120b                       | 4xrtx-3090     | MXFP4 4 | 17 GiB on each of four
openai/gpt-oss-120b                       | rtx-4090       | no_memory | 66 GiB in 24 GB
openai/gpt-oss-120b                       | mi300x         | MXFP4 1 | Triton kernels on gfx942
meta-llama/llama-3.3-70b-instruct         | 4xrtx-4090     | FP8 4   | 70 GB of FP8 over four
meta-llama/llama-3.3-70b-instruct         | mi300x         | FP8 1   | known FP8 files, native on gfx942
deepseek-ai/deepseek-coder-6.7b-instruct  | rtx-4090       | FP8 1   | quantized while loading: 6.5 GiB, native on Ada
deepseek-ai/deepseek-coder-6.7b-instruct  | rtx-3090       | BF16 1  | no FP8 units, and BF16 fits
deepseek-ai/deepseek-coder-6.7b-instruct  | h100-80gb      | BF16 1  | a sixth of the GPU
deepseek-ai/deepseek-r1                   | rtx-4090       | no_memory | 629 GiB in 24 GB
deepseek-ai/deepseek-r1                   | 8xa100-80gb    | INT4 8  | FP8 needs 86 GiB on each of 80 GB; the well-known AWQ holds
deepseek-ai/deepseek-r1                   | 8xh100-80gb    | INT4 8  | the same
deepseek-ai/deepseek-r1                   | 8xh200-141gb   | FP8 8   | the format of the release
deepseek-ai/deepseek-r1                   | 8xb200         | FP8 8   | the same; four would leave too little context
deepseek-ai/deepseek-r1-distill-llama-8b  | rtx-4090       | FP8 1   | quantized while loading
deepseek-ai/deepseek-r1-distill-qwen-32b  | h100-80gb      | BF16 1  | 61 GiB fit; FP8 only by reading files of 65 GB
moonshotai/kimi-k2-instruct               | 8xh200-141gb   | FP8 8   | 121 GiB of 128 on each
moonshotai/kimi-k2-instruct               | 8xb200         | FP8 8   | comfortable
moonshotai/kimi-k2-instruct               | 8xmi300x       | FP8 8   | the same on gfx942
moonshotai/kimi-k2-instruct               | 8xh100-80gb    | no_memory | 1 TB of FP8 in 640 GB
google/gemma-3-27b-it                     | h100-80gb      | BF16 1  | as released
google/gemma-3-12b-it                     | rtx-4090       | FP8 1   | quantized while loading
google/gemma-3-4b-it                      | rtx-3060       | BF16 1  | 8 GiB of 12
google/gemma-3-27b-it                     | rtx-4090       | INT4 1  | FP8 with its 16-bit embeddings exceeds 24 GB; a known INT4 fits
microsoft/phi-4                           | rtx-4090       | FP8 1   | quantized while loading: 14.6 GiB
mistralai/mistral-7b-instruct-v0.3        | rtx-3060       | Q4_K_M 1 | in vLLM FP8 leaves 16k of 32k; llama.cpp has room for all of it
mistralai/mixtral-8x7b-instruct-v0.1      | 2xa100-80gb    | BF16 2  | 87 GiB need two
qwen/qwen2.5-72b-instruct                 | 4xrtx-3090     | INT4 4  | no FP8 units: the owner's AWQ with a long context
qwen/qwen2.5-7b-instruct                  | 3xrtx-3090     | BF16 1  | one is enough; 28 heads do not divide by three
zai-org/glm-4.5                           | 8xh100-80gb    | FP8 8   | the owner's FP8 files
zai-org/glm-4.5-air                       | 4xh100-80gb    | FP8 2   | the lab publishes FP8, native on an H100; two of the four do
qwen/qwq-32b                              | rtx-4090       | INT4 1  | the owner's AWQ is all that fits
huggingfacetb/smollm2-135m-instruct       | cpu:8gb        | FP32 0  | float32 on a CPU
qwen/qwen3-32b                            | rtx-4090       | INT4 1  | the owner's AWQ, with 8,192 tokens in nearly all of the card
qwen/qwen3-30b-a3b                        | rtx-4090       | INT4 1  | FP8 needs 30 GiB; the owner's GPTQ fits with its experts
qwen/qwen3-30b-a3b                        | l40s           | FP8 1   | native FP8 on Ada, the owner's files
qwen/qwen3-235b-a22b                      | 2xh200-141gb   | FP8 2   | two hold 223 GiB
qwen/qwen3-235b-a22b                      | 8xrtx-4090     | INT4 8  | the owner's GPTQ over eight
qwen/qwen3-235b-a22b                      | 4xmi300x       | FP8 2   | two of four, native on gfx942
qwen/qwen3-coder-480b-a35b-instruct       | 8xh200-141gb   | FP8 4   | widths of 2560 in blocks of 128 divide by four
qwen/qwen3-next-80b-a3b-instruct          | h200-141gb     | FP8 1   | one holds it with the whole context
qwen/qwen3-14b                            | rtx-5090       | FP8 1   | the owner's files, native on Blackwell
qwen/qwen3-8b                             | p40            | Q4_K_M 1 | Pascal is older than vLLM's machine code, not llama.cpp's
qwen/qwen3-4b                             | jetson-thor    | BF16 1  | small in unified memory
qwen/qwen3-embedding-8b                   | rtx-3090       | BF16 1  | 14 GiB of 24
qwen/qwen3-embedding-4b                   | t4             | FP16 1  | Turing has no BF16
qwen/qwen2.5-vl-7b-instruct               | rtx-3090       | BF16 1  | no FP8 units, and BF16 fits with its tower
qwen/qwen2.5-vl-72b-instruct              | 4xa100-80gb    | BF16 4  | two hold 137 GiB, and four 32k of context
qwen/qwen2.5-coder-32b-instruct           | rtx-4090       | INT4 1  | the owner's AWQ
minimax/minimax-m2                        | 4xh100-80gb    | FP8 4   | the format of the release, not a stranger's NVFP4
minimax/minimax-m2                        | 8xh100-80gb    | FP8 4   | widths of 1536 do not divide by eight in blocks of 128
moonshotai/kimi-k2-thinking               | 8xh200-141gb   | INT4 8  | released in INT4
zai-org/glm-4.5                           | 8xh200-141gb   | FP8 4   | the owner's FP8 files
zai-org/glm-4.6                           | 8xh200-141gb   | FP8 4   | the same
zai-org/glm-4.5-air                       | 2xh100-80gb    | FP8 2   | the owner's FP8 files
zai-org/glm-4.5-air                       | 4xa100-80gb    | BF16 4  | no FP8 units, and BF16 fits
openai/gpt-oss-120b                       | 2xa100-40gb    | MXFP4 2 | 33 GiB on each of two
openai/gpt-oss-20b                        | rx-7900-xtx    | MXFP4 1 | kernels for gfx1100
openai/gpt-oss-20b                        | rtx-3060       | no_memory | 13 GiB of weights in 12
deepseek-ai/deepseek-v3.1                 | 8xmi300x       | FP8 4   | four of 192 GB hold it
deepseek-ai/deepseek-r1-distill-qwen-14b  | rtx-4090       | FP8 1   | quantized while loading
meta-llama/llama-3.1-8b-instruct          | a10            | BF16 1  | 15 GiB of 22, no FP8 units
meta-llama/llama-3.1-8b-instruct          | l4             | FP8 1   | known FP8 files, native on Ada
meta-llama/llama-3.1-8b-instruct          | t4             | FP8 1   | weight-only: 16 GB do not hold it in 16 bit
meta-llama/llama-3.1-8b-instruct          | rx-7900-xtx    | BF16 1  | RDNA3 has no FP8 kernels
meta-llama/llama-3.3-70b-instruct         | 2xh100-80gb    | FP8 2   | known FP8 files
meta-llama/llama-3.3-70b-instruct         | h200-141gb     | FP8 1   | one holds it with 65,536 tokens
meta-llama/llama-3.3-70b-instruct         | 2xa100-80gb    | FP8 2   | no FP8 units, but BF16 leaves less than 32k of context
meta-llama/llama-3.3-70b-instruct         | 4xmi210        | BF16 4  | gfx90a has no FP8
mistralai/mistral-small-3.2-24b-instruct-2506 | l40s       | FP8 1   | quantized while loading: 48 GB of BF16 do not leave room
mistralai/mistral-7b-instruct-v0.3        | v100-16gb      | Q4_K_M 1 | the same
google/gemma-3-27b-it                     | 2xrtx-3090     | INT4 2  | a known INT4, as no FP8 files are known, and 32k only on both
microsoft/phi-4                           | l4             | FP8 1   | quantized while loading
meta-llama/llama-3.3-70b-instruct         | 2xrtx-4090     | INT4 2  | a known INT4 over two
google/gemma-3-12b-it                     | rtx-3060       | Q4_K_M 1 | a useful context, in llama.cpp
intfloat/multilingual-e5-large            | cpu:16gb       | FP32 0  | an encoder serves from a CPU
nvidia/nvidia-nemotron-nano-9b-v2         | l4             | FP8 1   | the owner's FP8 files
google/gemma-3-4b-it                      | t4             | Q4_K_M 1 | vLLM refuses it in float16, and Turing has no BF16: llama.cpp
google/gemma-3-1b-it                      | t4             | FP32 1  | small enough for float32
deepseek-ai/deepseek-v3.2                 | 8xh200-141gb   | FP8 8   | the format of the release, sparse attention on Hopper
deepseek-ai/deepseek-v3.2                 | 16xa100-80gb   | Q4_K_M 6 | vLLM has no sparse attention before Hopper
deepseek-ai/deepseek-v3.2                 | 4xmi355x       | FP8 4   | AITER's sparse attention
zai-org/glm-4.6                           | 8xa100-80gb    | FP8 8   | weight-only, 41 GiB on each
baidu/ernie-4.5-21b-a3b-pt                | rtx-4090       | FP8 1   | with 16 requests at once it holds
moonshotai/kimi-k2.5                      | 4xb200         | INT4 4  | released in INT4: 140 GiB on each
qwen/qwen3-4b                             | rtx-2060       | INT4 1  | 6 GB: the owner's AWQ, in float16
meta-llama/llama-3.1-405b-instruct        | 4xh100-80gb    | INT4 4  | FP8 needs eight of them
meta-llama/llama-3.3-70b-instruct         | 2xrtx-5090     | NVFP4 2 | native on Blackwell
alibaba/qwen3-coder-30b-a3b-instruct      | rtx-4090       | INT4 1  | others' GPTQ fits one
zai-org/glm-4.5-air                       | 4xrtx-3090     | INT4 4  | others' AWQ over four
mistralai/mistral-small-3.2-24b-instruct-2506 | rtx-4090   | INT4 1  | others' AWQ: 24 GB of FP8 do not fit
mistralai/devstral-small-2507             | rtx-3090       | INT4 1  | the same
openai/gpt-oss-120b                       | strix-halo     | MXFP4 1 | Triton serves it on gfx1151
"""
ROWS = [tuple(part.strip() for part in line.split("|")) for line in _ROWS.strip().splitlines()]


@pytest.mark.parametrize(("model", "machine", "expected", "why"), ROWS)
def test_the_answer(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, model: str, machine: str, expected: str, why: str
) -> None:
    monkeypatch.setenv("MODELSCAN_OFFLINE", "1")
    ran = modelscan("plan", model, "--hardware", machine, "--json")
    plan = ran.json
    chosen = plan["chosen"]
    if chosen is None:
        assert ran.status == 4, ran.stderr
        assert expected in {rejection["code"] for rejection in plan["rejected"]}, why
        return
    assert f"{chosen['quantization']} {len(chosen['gpu_indices'])}" == expected, why
    memory = chosen["memory_per_gpu"]
    assert memory["total_high_bytes"] <= memory["available_bytes"]


def test_what_a_form_leaves_in_16_bit_is_counted(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meta's FP8 leaves attention alone: 57.75 GiB on each of eight (measured), where all in FP8 would be 47.8."""
    monkeypatch.setenv("MODELSCAN_OFFLINE", "1")
    chosen = modelscan("plan", "meta-llama/llama-3.1-405b-instruct", "--hardware", "8xh100-80gb", "--json").json[
        "chosen"
    ]
    assert chosen["repo_id"] == "meta-llama/Meta-Llama-3.1-405B-Instruct-FP8"
    assert 56 < chosen["memory_per_gpu"]["weights_bytes"] / 2**30 < 58


_MODES = """
meta-llama/llama-3.1-8b-instruct   | h100-80gb    | standard   | BF16 1 1 1 1 vllm   | a fifth of the GPU: nothing to gain
meta-llama/llama-3.1-8b-instruct   | h100-80gb    | throughput | FP8 1 1 1 1 vllm    | native FP8 computes twice as fast
meta-llama/llama-3.1-8b-instruct   | 4xh100-80gb  | throughput | FP8 4 1 1 4 vllm    | four copies
meta-llama/llama-3.1-8b-instruct   | h100-80gb    | latency    | BF16 1 1 1 1 vllm   | as standard
meta-llama/llama-3.3-70b-instruct  | 8xh100-80gb  | throughput | FP8 8 2 1 4 vllm    | four copies over two GPUs each
qwen/qwen3-32b                     | 2xrtx-4090   | standard   | FP8 2 2 1 1 vllm    | divided, for one user's answers
qwen/qwen3-32b                     | 2xrtx-4090   | throughput | FP8 2 1 2 1 vllm    | GeForce cannot read each other's memory: a pipeline
qwen/qwen3-235b-a22b               | 8xh100-80gb  | throughput | FP8 8 1 1 8 vllm    | eight attentions, sixteen whole experts on each GPU
openai/gpt-oss-120b                | 8xh100-80gb  | standard   | MXFP4 1 1 1 1 vllm  | made to fit one
openai/gpt-oss-120b                | 8xh100-80gb  | throughput | MXFP4 8 1 1 8 vllm  | room for requests, which one GPU has not
openai/gpt-oss-120b                | 2xa100-40gb  | standard   | MXFP4 2 2 1 1 vllm  | divided, with fewer requests at once: its experts are padded
qwen/qwen3-32b                     | 8xh100-80gb  | latency    | FP8 4 4 1 1 vllm    | a request is answered twice as fast; by eight hardly more
qwen/qwen3-0.6b                    | 8xh100-80gb  | latency    | BF16 1 1 1 1 vllm   | joining the parts would take longer
deepseek-ai/deepseek-v3.1          | 8xh200-141gb | standard   | FP8 8 8 1 1 vllm    | vLLM by default
deepseek-ai/deepseek-v3.1          | 8xh200-141gb | throughput | FP8 8 8 1 1 sglang  | evidence of 2026 for latent attention
qwen/qwen3-coder-480b-a35b-instruct | 8xh100-80gb | standard   | FP8 8 8 1 1 vllm    | experts of 2560 are dealt out whole: blocks do not divide by 8
qwen/qwen3-235b-a22b-instruct-2507 | 8xa100-40gb  | standard   | FP8 8 8 1 1 vllm    | the same with experts of 1536
minimax/minimax-m2                 | 8xh100-80gb  | throughput | FP8 8 1 1 8 vllm    | no GPU stays idle
qwen/qwen3-30b-a3b                 | 8xh100-80gb  | throughput | FP8 8 1 1 8 vllm    | the same
"""


@pytest.mark.parametrize("row", _MODES.strip().splitlines())
def test_the_answer_in_a_mode(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    """Quantization, GPUs, and over how many a layer is divided, layers are piped, copies run; the backend."""
    monkeypatch.setenv("MODELSCAN_OFFLINE", "1")
    model, machine, mode, expected, why = (part.strip() for part in row.split("|"))
    chosen = modelscan("plan", model, "--hardware", machine, "--mode", mode, "--json").json["chosen"]
    spread = [chosen[f"{kind}_parallel"] for kind in ("tensor", "pipeline", "data")]
    found = [chosen["quantization"], len(chosen["gpu_indices"]), *spread, chosen["backend"]]
    assert " ".join(map(str, found)) == expected, why


def test_there_are_a_hundred() -> None:
    assert len(ROWS) >= 100
