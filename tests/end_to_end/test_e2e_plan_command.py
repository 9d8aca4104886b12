"""The commands of plans, read by vLLM's own argument parser: every word is one that it takes."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.adapter_maker import peft, write
from tests.end_to_end.conftest import Run

pytestmark = pytest.mark.slow

_PLANS = (
    "demo --gpu none",
    "meta-llama/llama-3.1-8b-instruct --hardware rtx-4090 --adapter sql={sql} --adapter tone={sql}",
    "deepseek/deepseek-r1 --hardware 8xh200-141gb",
    "openai/gpt-oss-120b --hardware h100-80gb --mode latency",
    "qwen/qwen3-32b --hardware 2xrtx-4090 --enforce-eager",
    "qwen/qwen3-8b --hardware rtx-4090 --kv-cache-dtype fp8 --trust-remote-code",
    "mistralai/mistral-7b-instruct-v0.3 --hardware rtx-3060",
    "meta-llama/llama-3.1-8b-instruct --hardware 2xrtx-3060 --pipeline-parallel 2",
    "baai/bge-m3 --hardware rtx-3060",
)
_PARSE = """
import json, sys
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser

for words in json.load(sys.stdin):
    parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(words)
    print("read:", json.dumps([parsed.model_tag, parsed.tensor_parallel_size, parsed.max_num_seqs]))
"""


def test_vllm_takes_every_word(run: Run, modelscan: Callable[..., Any], tmp_path: Path) -> None:
    sql = write(tmp_path / "sql", peft(width=4096, base_model_name_or_path=None))
    words = ("-m", "modelscan", "--offline", "plan", "--backend", "vllm", "--format", "command")
    lines = [run(*words, *plan.format(sql=sql).split()).stdout for plan in _PLANS]
    commands = [words[words.index("serve") + 1 :] for words in map(shlex.split, lines)]
    python = next(item["python"] for item in modelscan("backend", "list") if item["backend"] == "vllm")
    done = subprocess.run(
        [python, "-c", _PARSE], input=json.dumps(commands), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read = [json.loads(line.removeprefix("read:")) for line in done.stdout.splitlines() if line.startswith("read:")]
    assert [item[0] for item in read] == [words[0] for words in commands]
    assert [item[1] for item in read] == [1, 1, 8, 1, 2, 1, 1, 1, 1]
    assert all(item[2] for item in read)
