"""POST /v1/images/generations."""

from __future__ import annotations

import base64
import re
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.routes.request import body_of, call, model_for, number, text, word

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_SMALLEST, _LARGEST, _MULTIPLE = 64, 4096, 8


async def generate(request: Request) -> Response:
    """Beside OpenAI's fields: `steps`, `guidance`, `negative_prompt`, `seed`; each image comes with the seed that makes
    it again.
    """
    body = await body_of(request)
    model = model_for(request, body.get("model"), "image-generation")
    word(body, "response_format", ("b64_json",), "b64_json")
    width, height = _size(body.get("size"))
    made = await call(
        request,
        model,
        model.handler.generate_images,
        text(body, "prompt"),
        n=number(body, "n", 1, low=1, high=10, whole=True),
        width=width,
        height=height,
        steps=_either(body, ("steps", "num_inference_steps"), low=1, high=1000, whole=True),
        guidance=_either(body, ("guidance", "guidance_scale"), low=0, high=100),
        negative_prompt=text(body, "negative_prompt", "") or None,
        seed=number(body, "seed", None, low=0, high=2**63 - 1, whole=True),
        image_format=word(body, "output_format", ("png", "jpeg", "webp"), "png"),
    )
    data = [{"b64_json": base64.b64encode(image.data).decode(), "seed": image.seed} for image in made]
    return JSONResponse({"created": int(time.time()), "data": data})


def _size(given: Any) -> tuple[int | None, int | None]:
    if given is None or given == "auto":
        return None, None
    found = _SIZE.fullmatch(given) if isinstance(given, str) else None
    sides = [int(side) for side in found.groups()] if found else []
    if not sides or any(not _SMALLEST <= side <= _LARGEST or side % _MULTIPLE for side in sides):
        bounds = f"both from {_SMALLEST} to {_LARGEST}, and multiples of {_MULTIPLE}"
        raise ApiError(f"`size` is WIDTHxHEIGHT, {bounds}.", param="size")
    return sides[0], sides[1]


def _either(body: dict[str, Any], names: tuple[str, str], *, low: float, high: float, whole: bool = False) -> Any:
    name = next((item for item in names if body.get(item) is not None), names[0])
    return number(body, name, None, low=low, high=high, whole=whole)
