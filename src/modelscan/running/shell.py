"""What of the user's shell tunes a backend and does not reach it, said before the start.

A backend gets an environment of its own, so that it starts the same from a shell, a service or a script.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from modelscan.errors import Usage
from modelscan.model.events import Event
from modelscan.selecting.requests import check_env_names

# vllm/envs.py, sglang/srt/environ.py and the libraries below them: torch, NCCL and its relatives, OpenMP, Triton.
_TUNING = (
    *("VLLM_", "SGLANG_", "SGL_", "NCCL_", "RCCL_", "PYTORCH_", "TORCH_", "TORCHINDUCTOR_", "OMP_", "KMP_", "MKL_"),
    *("GLOO_", "UCX_", "TRITON_", "FLASHINFER_", "AITER_", "TOKENIZERS_", "LMCACHE_"),
)
_SHOWN = 8


def left_out(environ: Mapping[str, str], passed: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that tune a backend and are not `passed` with --env. What looks like a secret has other ways."""
    names = sorted(name for name in environ if name.startswith(_TUNING) and name not in passed)
    return tuple(name for name in names if _may_pass(name))


def shell_note(environ: Mapping[str, str], passed: Mapping[str, str]) -> Event | None:
    """What to say of them; None where there are none."""
    names = left_out(environ, passed)
    if not names:
        return None
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    options = " ".join(f"--env {shlex.quote(name)}" for name in names[:_SHOWN])
    text = (
        f"of your shell's variables the backend does not get {', '.join(names[:_SHOWN])}{more}; to pass them: {options}"
    )
    return Event("note", text, {"variables": list(names)})


def _may_pass(name: str) -> bool:
    try:
        check_env_names((name,))
    except Usage:
        return False
    return True
