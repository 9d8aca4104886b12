"""Which of the two speech libraries reads a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def speech_model(hf_repo_id: str, *, device: str = "cpu", dtype: str = "auto") -> Any:
    """CTranslate2 calls its weights `model.bin` and keeps no shape in `config.json`."""
    folder = Path(hf_repo_id)
    if (folder / "model.bin").exists() and not (folder / "model.safetensors").exists():
        from modelscan_serving.handlers.ours.fast_whisper import FastWhisper

        return FastWhisper(hf_repo_id, device, dtype)
    from modelscan_serving.handlers.ours.whisper import Whisper

    return Whisper(hf_repo_id, device, dtype)
