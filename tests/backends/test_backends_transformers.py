"""The handlers on transformers: their exact command lines, how they are known and installed, what their log says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inline_snapshot import snapshot

from modelscan import dataclasses
from modelscan.backends.base import Activity, Launch, LogEvent
from modelscan.backends.builds import parse_builds
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.model import Candidate, Handling
from modelscan.storage.shipped import shipped_text
from modelscan_serving.handlers.arguments import read_arguments

TRANSFORMERS = BACKENDS["transformers"]
EMBED = Candidate(backend="transformers", repo_id="lab/embed", task="embed", dtype="float32")
LAUNCH = Launch(location="/weights/embed", served_model_names=("embed", "lab/embed"), port=8081, device="cpu")


def argv(launch: Launch = LAUNCH, **changes: Any) -> tuple[str, ...]:
    return TRANSFORMERS.command_line(dataclasses.replace(EMBED, **changes), launch).argv


def document(launch: Launch = LAUNCH, **changes: Any) -> Any:
    return json.loads(argv(launch, **changes)[-1])


def test_an_embedding_model_on_the_cpu() -> None:
    command = TRANSFORMERS.command_line(EMBED, LAUNCH)
    assert " ".join(command.argv) == snapshot(
        "modelscan-handlers --host 127.0.0.1 --port 8081 --device cpu --dtype float32"
        ' --model {"names":["embed","lab/embed"],"folder":"/weights/embed","task":"embed"}'
    )
    assert command.env == snapshot(
        {
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",
            "OMP_WAIT_POLICY": "PASSIVE",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
        }
    )


def test_on_a_gpu_with_a_key_and_code_of_the_repo() -> None:
    launch = dataclasses.replace(LAUNCH, device="cuda", api_key_env="MY_KEY", program="/env/bin/modelscan-handlers")
    words = argv(launch, gpu_indices=(1,), dtype="bfloat16", trust_remote_code=True)
    assert words[:-2] == snapshot(
        (
            "/env/bin/modelscan-handlers",
            "--host",
            "127.0.0.1",
            "--port",
            "8081",
            "--device",
            "cuda",
            "--dtype",
            "bfloat16",
            "--key-file",
            "key.txt",
            "--trust-remote-code",
        )
    )
    assert TRANSFORMERS.runs.hand_key("secret").files == {"key.txt": "secret\n"}


def test_what_an_entry_says_reaches_the_model() -> None:
    runs = TRANSFORMERS.runs
    assert runs.words_of_the_model("embed", {"temperature": 0.1}, "cls") == ("--pooling=cls",)
    assert runs.words_of_the_model("chat", {"temperature": 0.1}, "cls") == ('--defaults={"temperature":0.1}',)
    handling = Handling(
        handler="app.models.own.Own", options={"normalize": True}, thread_safe=True, max_parallelism=3, owned_by="us"
    )
    model_args = (
        *runs.words_of_the_model("chat", {"top_p": 0.5}, None),
        *runs.words_of_the_handling(handling),
        *runs.words_of_the_class("/home/me/team", "abc"),
    )
    words = argv(task="chat", model_args=model_args)
    assert words[words.index("--import-root") + 1] == "/home/me/team"
    assert json.loads(words[-1]) == snapshot(
        {
            "names": ["embed", "lab/embed"],
            "folder": "/weights/embed",
            "task": "chat",
            "handler": "app.models.own.Own",
            "thread_safe": True,
            "max_parallelism": 3,
            "owned_by": "us",
            "sha256": "abc",
            "options": {"normalize": True},
            "defaults": {"top_p": 0.5},
        }
    )
    assert runs.words_of_the_handling(Handling(options={"a": 1})) == ()  # of no class of one's own


def test_what_the_user_adds_counts_more_than_the_entry() -> None:
    model_args = TRANSFORMERS.runs.words_of_the_model("embed", {}, "cls")
    assert document(model_args=model_args)["options"] == {"pooling": "cls"}
    added = ("--pooling=mean", "--remote-images", "--max-queue=4")
    assert document(model_args=model_args, extra_args=added)["options"] == {"pooling": "mean"}
    assert argv(extra_args=added)[9:-2] == ("--remote-images", "--max-queue=4")


@pytest.mark.parametrize("word", ["--pooling=best", "--key-env=HOME", "--import-root=/tmp", "--model={}", "--host=::"])
def test_what_would_choose_files_code_or_addresses_is_refused(word: str) -> None:
    with pytest.raises(Usage, match="is not allowed for Transformers"):
        TRANSFORMERS.runs.check_arguments((word,), {})


@pytest.mark.parametrize(
    "words",
    [
        argv(),
        argv(extra_args=("--pooling=mean", "--remote-images")),
        argv(dataclasses.replace(LAUNCH, device="cuda"), task="text-to-image", gpu_indices=(0,)),
        argv(
            task="chat", model_args=TRANSFORMERS.runs.words_of_the_handling(Handling(handler="a.B", thread_safe=False))
        ),
    ],
)
def test_its_program_understands_what_it_is_given(words: tuple[str, ...]) -> None:
    serving = read_arguments(words[1:])
    assert (serving.port, serving.models[0].names) == (8081, ("embed", "lab/embed"))


def test_it_is_known_by_the_transformers_beside_its_server() -> None:
    probes = TRANSFORMERS.probes
    whole = {"transformers": "5.24.0", "torch": "2.13.0+cpu", "starlette": "1.10.0", "uvicorn": "0.54.0"}
    assert (probes.version(whole), probes.device(whole), probes.is_broken(whole)) == ("5.24.0", "cpu", False)
    assert probes.is_broken({**whole} | {"starlette": ""}) is False
    assert probes.is_broken({name: version for name, version in whole.items() if name != "uvicorn"})


def test_its_environment_is_pinned_and_gets_the_server() -> None:
    installs = TRANSFORMERS.installs
    assert installs is not None
    builds = [build for build in parse_builds(shipped_text("backends.csv")) if build.backend == "transformers"]
    made = {build.device: installs.recipes(*build.installs[0], build) for build in builds}
    here, there = made["cpu"]
    assert here.requirements == snapshot(
        (
            "torch==2.13.0+cpu",
            "torchvision==0.28.0",
            "transformers==5.24.0",
            "sentence-transformers==6.2.0",
            "diffusers==0.42.1",
            "accelerate>=1.15,<2",
            "starlette>=1.10,<2",
            "uvicorn>=0.54,<1",
            "python-multipart>=0.0.32",
            "pillow>=13,<14",
        )
    )
    assert (here.serving, here.torch_backend, there.torch_backend) == ("handlers", None, "cpu")
    assert 'triton; sys_platform == "never"' in here.overrides
    assert made["cuda"][0].overrides == ()


def test_its_log_and_its_metrics() -> None:
    read = TRANSFORMERS.explains.read_log_line
    assert read("loading a (2 of 4): embed") == LogEvent(phase="loading weights", fraction=0.25, detail="a")
    assert read("loading a (1 of 1): embed") == LogEvent(phase="loading weights")
    assert read("all models are loaded") == LogEvent(phase="warming up")
    assert read("anything else") is None
    text = "handlers_requests_running 2\nhandlers_requests_waiting 1\nhandlers_work_total 40\n"
    assert TRANSFORMERS.explains.read_metrics(text) == Activity(3, 40.0)


def test_images_and_speech_go_to_who_serves_them() -> None:
    assert [
        task
        for task in ("chat", "embed", "rerank", "speech-to-text", "text-to-image")
        if TRANSFORMERS.runs.serves(task)
    ] == [*("chat", "embed", "rerank", "speech-to-text", "text-to-image")]
    assert not TRANSFORMERS.runs.serves("completion")
