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
qwen/qwen3-8b                             | rtx-3060       | INT4 1  | FP8 would leave 512 tokens; the owner's AWQ leaves 8,192
qwen/qwen3-8b                             | rtx-4090       | FP8 1   | the owner's FP8 files, native on Ada
qwen/qwen3-8b                             | l4             | FP8 1   | the same
qwen/qwen3-8b                             | v100-32gb      | no_kernel | vLLM's machine code begins at 7.5
qwen/qwen3-32b                            | 2xrtx-3090     | FP8 2   | weight-only on Ampere, but it holds
qwen/qwen3-32b                            | 2xrtx-4090     | FP8 2   | the owner's FP8 files over two GPUs
qwen/qwen3-32b                            | rtx-5090       | INT4 1  | 32 GiB of FP8 do not fit 32 GB; AWQ does
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
openai/gpt-oss-20b                        | t4             | no_kernel | MXFP4 kernels begin at 8.0
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
deepseek-ai/deepseek-r1                   | 8xa100-80gb    | no_memory | 80 GiB on each of 80 GB
deepseek-ai/deepseek-r1                   | 8xh100-80gb    | no_memory | the same
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
google/gemma-3-27b-it                     | rtx-4090       | no_memory | FP8 with its 16-bit embeddings exceeds 24 GB
microsoft/phi-4                           | rtx-4090       | FP8 1   | quantized while loading: 14.6 GiB
mistralai/mistral-7b-instruct-v0.3        | rtx-3060       | FP8 1   | weight-only on Ampere, 7 GiB
mistralai/mixtral-8x7b-instruct-v0.1      | 2xa100-80gb    | BF16 2  | 87 GiB need two
qwen/qwen2.5-72b-instruct                 | 4xrtx-3090     | INT4 4  | no FP8 units: the owner's AWQ with a long context
qwen/qwen2.5-7b-instruct                  | 3xrtx-3090     | BF16 1  | one is enough; 28 heads do not divide by three
zai-org/glm-4.5                           | 8xh100-80gb    | FP8 8   | the owner's FP8 files
zai-org/glm-4.5-air                       | 4xh100-80gb    | FP8 2   | the lab publishes FP8, native on an H100; two of the four do
qwen/qwq-32b                              | rtx-4090       | INT4 1  | the owner's AWQ is all that fits
huggingfacetb/smollm2-135m-instruct       | cpu:8gb        | FP32 0  | float32 on a CPU
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


def test_there_are_sixty() -> None:
    assert len(ROWS) >= 60
