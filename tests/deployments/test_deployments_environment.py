"""What a backend gets of the user's environment, and what it never gets."""

from __future__ import annotations

import pytest

from modelscan.deployments.document import record_of
from modelscan.deployments.record import Record
from modelscan.errors import ConfigInvalid, Usage
from modelscan.model import Deployment
from modelscan.targets.local.environment import backend_environment, key_files, secrets_of, supervisor_environment

USERS = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "LC_ALL": "C",
    "HF_HOME": "/hf",
    "HF_TOKEN": "hf_secret",
    "CUDA_HOME": "/cuda",
    "CUDA_VISIBLE_DEVICES": "3",
    "PYTHONPATH": "/mine",
    "AWS_SECRET_ACCESS_KEY": "aws",
    "HTTPS_PROXY": "http://user:password@proxy",
    "MY_KEY": "sk-mine",
}


def deployment(**changes: object) -> Record:
    return record_of(Deployment(**{"id": "42", "name": "demo", "model": "lab/demo", "backend": "vllm", **changes}))  # type: ignore[arg-type]


def test_an_allow_list_then_the_deployment() -> None:
    made = deployment(env={"CUDA_VISIBLE_DEVICES": "0", "VLLM_CPU_KVCACHE_SPACE": "2"})
    assert supervisor_environment(made, USERS) == {
        "PATH": "/bin",
        "HOME": "/home/me",
        "LC_ALL": "C",
        "HF_HOME": "/hf",
        "CUDA_HOME": "/cuda",
        "CUDA_VISIBLE_DEVICES": "0",
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "MODELSCAN_SUPERVISOR": "42",
    }


def test_the_key_reaches_the_backend_under_its_own_name_and_the_tag_is_kept_readable() -> None:
    made = deployment(api_key_env="MY_KEY")
    environ = supervisor_environment(made, USERS)
    handed = backend_environment(made, environ, state="/state")
    assert handed["VLLM_API_KEY"] == "sk-mine"
    assert "MY_KEY" not in handed
    assert handed["MODELSCAN_DEPLOYMENT"] == "42"
    assert handed["MODELSCAN_STATE"] == "/state"
    assert handed["SPT_NOENV"] == "1"
    assert "MODELSCAN_SUPERVISOR" not in handed


def test_a_key_that_is_not_set_is_refused_with_the_line_to_type() -> None:
    with pytest.raises(ConfigInvalid) as refused:
        supervisor_environment(deployment(api_key_env="OTHER_KEY"), USERS)
    assert refused.value.hints == ("export OTHER_KEY=…", "modelscan start demo")


def test_a_backend_that_reads_no_variable_gets_a_file() -> None:
    made = deployment(api_key_env="MY_KEY", backend="sglang")
    environ = supervisor_environment(made, USERS)
    assert "sk-mine" not in backend_environment(made, environ, state="/state").values()
    assert key_files(made, environ) == {"key.yaml": '{"api-key": "sk-mine"}\n'}
    assert key_files(deployment(backend="sglang"), environ) == {}


def test_a_key_that_the_backend_would_misread_is_refused_before_anything_starts() -> None:
    with pytest.raises(Usage, match="begins with `-`"):
        supervisor_environment(deployment(api_key_env="MY_KEY", backend="sglang"), USERS | {"MY_KEY": "-dash"})


def test_only_a_backend_that_reads_from_s3_gets_the_variables_of_aws() -> None:
    users = USERS | {"AWS_PROFILE": "lab", "AWS_REGION": "us-east-1", "RUNAI_STREAMER_CONCURRENCY": "4"}
    place = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://s3.lab", "RUNAI_STREAMER_CONCURRENCY": "8"}
    made = deployment(source="s3", env={"RUNAI_STREAMER_CONCURRENCY": "16", "RUNAI_STREAMER_MEMORY_LIMIT": "0"})
    found = supervisor_environment(made, users, place)
    assert {name: value for name, value in found.items() if name.startswith(("AWS_", "RUNAI_"))} == {
        "AWS_SECRET_ACCESS_KEY": "aws",
        "AWS_PROFILE": "lab",
        "AWS_REGION": "eu-west-1",  # the bucket's
        "AWS_ENDPOINT_URL": "http://s3.lab",
        "RUNAI_STREAMER_CONCURRENCY": "4",  # the user's
        "RUNAI_STREAMER_MEMORY_LIMIT": "0",
    }
    assert secrets_of(made, found) == ("aws",)
    assert not [name for name in supervisor_environment(deployment(), users) if name.startswith(("AWS_", "RUNAI_"))]
    assert secrets_of(deployment(api_key_env="MY_KEY"), USERS) == ("sk-mine",)
