"""The backends, by name. A new one is one module and one line here."""

from __future__ import annotations

from modelscan.backends.base import Backend
from modelscan.backends.sglang.runs import SGLANG
from modelscan.backends.vllm.runs import VLLM

BACKENDS: dict[str, Backend] = {"vllm": VLLM, "sglang": SGLANG}
