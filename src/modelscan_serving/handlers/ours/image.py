"""Images by a diffusers pipeline, whichever the repo's `model_index.json` names."""

from __future__ import annotations

import io
import secrets
import threading
from typing import Any

import torch
from diffusers import DiffusionPipeline

from modelscan_serving.handlers.checking import accepted
from modelscan_serving.handlers.ours.torch_setup import dtype_of
from modelscan_serving.handlers.protocols import Cancelled, GeneratedImage

_SEEDS = 2**32


class DiffusersImages:
    """Images are made one after the other: the memory of one is what a plan can count, and each has its own seed."""

    capabilities = ("image-generation",)

    def __init__(
        self, hf_repo_id: str, *, device: str = "cpu", dtype: str = "auto", trust_remote_code: bool = False
    ) -> None:
        self._pipeline = DiffusionPipeline.from_pretrained(
            hf_repo_id,
            dtype=dtype_of(dtype, device),
            local_files_only=True,
            trust_remote_code=trust_remote_code,
        ).to(device)
        self._pipeline.set_progress_bar_config(disable=True)

    def generate_images(
        self,
        prompt: str,
        *,
        n: int,
        width: int | None,
        height: int | None,
        steps: int | None,
        guidance: float | None,
        negative_prompt: str | None,
        seed: int | None,
        image_format: str,
        cancel_event: threading.Event | None = None,
    ) -> list[GeneratedImage]:
        """The noise is made on the CPU, so that a seed means the same image on every device. Raises Cancelled."""
        first = secrets.randbelow(_SEEDS) if seed is None else seed
        said = {
            "width": width,
            "height": height,
            "num_inference_steps": steps,
            "guidance_scale": guidance,
            "negative_prompt": negative_prompt,
        }
        options = {name: value for name, value in said.items() if value is not None}
        options["callback_on_step_end"] = _watch(cancel_event)
        options = accepted(type(self._pipeline).__call__, options)
        made = []
        for number in range(first, first + n):
            with torch.inference_mode():
                found = self._pipeline(prompt, generator=torch.Generator("cpu").manual_seed(number), **options)
            if cancel_event is not None and cancel_event.is_set():
                raise Cancelled
            made.append(GeneratedImage(_encoded(found.images[0], image_format), number))
        return made


def _watch(cancel_event: threading.Event | None) -> Any:
    """Called after each step; raising leaves the pipeline, its hooks included."""

    def look(_pipeline: Any, _step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
        if cancel_event is not None and cancel_event.is_set():
            raise Cancelled
        return values

    return look


def _encoded(image: Any, image_format: str) -> bytes:
    content = io.BytesIO()
    image.convert("RGB").save(content, image_format.upper())
    return content.getvalue()
