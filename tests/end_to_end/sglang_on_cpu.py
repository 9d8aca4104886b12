"""A real SGLang 0.5.23 that runs on any CPU: its wheel without what needs a GPU, and two shims.

No CPU build of its kernels is published, and nothing that a plain Llama in float32 computes needs them; but they are
imported. Stand-ins are put in the place of `sgl_kernel` and `torchvision`: packages that have every name and can do
nothing. What runs is SGLang's own launcher, server, scheduler and native PyTorch paths, not its kernels.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from modelscan.environments.pip_config import read_pip_config, uv_variables
from modelscan.system.processes import run as process

VERSION = "0.5.23"
_OVERRIDES = (
    "torch==2.13.0",
    *(
        f'{name}; sys_platform == "never"'
        for name in (
            *("flashinfer-python", "flash-attn-4", "cuda-python", "humming-kernels", "nvidia-cutlass-dsl"),
            *("nvidia-mathdx", "nvshmem4py-cu13", "quack-kernels", "sgl-deep-ep", "sgl-deep-gemm", "sgl-flash-mla"),
            *("sglang-kernel", "tilelang", "torchvision", "torchaudio", "torchcodec", "torch-memory-saver"),
            *("triton", "tokenspeed-triton", "nvidia-ml-py"),
        )
    ),
)
_SHIMS = '''\
"""Packages that have every name and can do nothing."""

import importlib.abc
import importlib.machinery
import sys
import types

PACKAGES = ("sgl_kernel", "torchvision")


class AnyName(type):
    """Can be imported, subclassed and asked for attributes; refuses to be called."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(f"{cls.__name__}.{name}")


def stand_in(name):
    def refuse(_cls, *_arguments, **_keywords):
        raise NotImplementedError(f"{name} is a stand-in")

    return AnyName(name, (), {"__new__": refuse})


class Everything(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(f"{self.__name__}.{name}")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, _path, _target=None):
        if name.partition(".")[0] in PACKAGES:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return Everything(spec.name)

    def exec_module(self, module):
        module.__version__ = "0"


sys.meta_path.append(Finder())
'''


def install(folder: Path) -> Path:
    """Make the environment; returns its folder of programs. Raises CalledProcessError with uv's words."""
    environ = dict(os.environ)
    found = read_pip_config([sys.executable], environ=environ, run=process.run)
    uv = str(Path(sys.executable).with_name("uv"))
    venv, overrides = folder / "venv", folder / "overrides.txt"
    overrides.write_text("\n".join(_OVERRIDES) + "\n")

    def run(*arguments: str) -> None:
        done = subprocess.run(
            [uv, *arguments],
            env=environ | uv_variables(found, environ) | {"VIRTUAL_ENV": str(venv)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    run("venv", "--quiet", "--no-project", "--python", sys.executable, str(venv))
    run("pip", "install", "--quiet", "--override", str(overrides), f"sglang=={VERSION}")
    run("pip", "install", "--quiet", "--no-deps", "triton")
    packages = next((venv / "lib").glob("python3*")) / "site-packages"
    (packages / "cpu_shims.py").write_text(_SHIMS)
    (packages / "cpu_shims.pth").write_text("import cpu_shims\n")
    return venv / "bin"
