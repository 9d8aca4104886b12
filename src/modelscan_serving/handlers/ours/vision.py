"""Chat with images on transformers: the processor of the repo makes inputs of messages."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from modelscan_serving.handlers.ours.chat import TextChat
from modelscan_serving.handlers.pictures import decode_data_url
from modelscan_serving.handlers.protocols import BadInput

_MOST_PIXELS = 64_000_000


class VisionChat(TextChat):
    capabilities = ("chat-completion", "vision")

    def load(self, folder: str, options: dict[str, Any]) -> Any:
        self._processor = AutoProcessor.from_pretrained(folder, **options)
        return self._processor.tokenizer

    def loaded(self, folder: str, dtype: Any, options: dict[str, Any]) -> Any:
        return AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype, **options)

    @property
    def maker(self) -> Any:
        return self._processor

    def content(self, given: Any) -> Any:
        return _parts(given)


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [
        {"type": "image", "image": _image(part["image_url"]["url"])} if part["type"] == "image_url" else part
        for part in content
    ]


def _image(address: str) -> Image.Image:
    """Raises BadInput for what is no image, or one that would fill the memory once it is unpacked."""
    try:
        image = Image.open(io.BytesIO(decode_data_url(address)))
        if image.width * image.height > _MOST_PIXELS:
            raise BadInput(f"The image has more than {_MOST_PIXELS} pixels.", "messages")
        return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInput("The image is damaged, or of no known format.", "messages") from error
