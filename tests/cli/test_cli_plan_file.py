"""`plan --format yaml` and `deploy --file`: a plan that is kept says the same again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan


@pytest.mark.parametrize("model", ["demo", "huggingfacetb/smollm2-135m-instruct"])
def test_a_file_says_the_plan_again(modelscan: Modelscan, tmp_path: Path, model: str) -> None:
    options = ["--gpu", "none", "--context-length", "1024", "--max-concurrency", "2"]
    first = modelscan("plan", model, *options, "--json").json["chosen"]
    file = tmp_path / "deployment.yaml"
    file.write_text(modelscan("plan", model, *options, "--format", "yaml").stdout)
    again = modelscan("deploy", "--file", str(file), "--dry-run", "--json").json["chosen"]
    same = ("repo_id", "source", "backend", "quantization", "dtype", "max_model_len", "max_num_seqs", "gpu_indices")
    assert {key: again[key] for key in same} == {key: first[key] for key in same}


@pytest.mark.parametrize(
    ("text", "at_fault"),
    [
        ("- 1", "the file"),
        ("model: demo\ndeployment: {host: 0.0.0.0}", "host"),
        ("model: demo\ndeployment: {port: 99999}", "port: 99999"),
        ("model: demo\ndeployment: {env: {HF_TOKEN: x}}", "HF_TOKEN"),
        ("model: demo\ndeployment: {parameters: [--host=0.0.0.0]}", "--host=0.0.0.0"),
        ("model: {", "deployment.yaml"),
    ],
)
def test_a_bad_file_is_refused_by_name(modelscan: Modelscan, tmp_path: Path, text: str, at_fault: str) -> None:
    file = tmp_path / "deployment.yaml"
    file.write_text(text)
    ran = modelscan("deploy", "--file", str(file), "--dry-run", "--json")
    assert ran.status == 2
    assert at_fault in json.loads(ran.stderr)["error"]["message"]


def test_nothing_named(modelscan: Modelscan) -> None:
    assert modelscan("deploy").status == 2
