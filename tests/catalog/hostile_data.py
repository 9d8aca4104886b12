"""Real entries of every source, spoiled: values, keys, bytes."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from modelscan.catalog.sources import gpustack, model_list, models_dev, vllm_recipes
from modelscan.catalog.sources.record import Parsed
from modelscan.parsing.yaml_text import load

DATA = Path(__file__).parent / "data"
EVIL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\r\x00\u202egnp.exe\u2066\u200b\ud800\u2028"
OWN = (
    "models:\n- {name: me/mine-9b, hf_repo_id: me/Mine-9B, aliases: [mine], parameters: 9, context: 8192, task: chat}\n"
)
Parse = Callable[[bytes], Parsed]


def recipe(payload: bytes) -> Parsed:
    return vllm_recipes.parse(load(payload), "lab/repo")


PAYLOADS: Mapping[str, tuple[bytes, Parse]] = {
    "api.json": ((DATA / "excerpt_api.json").read_bytes(), models_dev.parse),
    "models.json": ((DATA / "excerpt_models.json").read_bytes(), models_dev.parse),
    "gpustack.yaml": ((DATA / "excerpt_gpustack.yaml").read_bytes(), gpustack.parse),
    "recipe.yaml": ((DATA / "excerpt_recipe.yaml").read_bytes(), recipe),
    "models.local.yaml": (OWN.encode(), lambda payload: model_list.parse(payload, source="local")),
}
"""One payload of each kind, and what reads it."""


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**18, 10**400, -(10**400), 1e308, -0.0, float("nan"), float("inf"), -float("inf"),
    "", " ", "\x00", EVIL, "\ud800", "a" * 100_000, "a-1." * 1000, "../../etc/passwd", "NaN", "9" * 400, f"m-{'9' * 400}b", "{size}", "%s",
    [], {}, [[]], [None], [EVIL], {EVIL: EVIL}, {"": ""}, {"models": {}}, {"id": {}}, deep(20), deep(140), [1] * 30_000,
    "2025-13-45", "https://huggingface.co/", "https://huggingface.co/a/b", "lab/", "/", "//", ":", "a/b/c/d", "--host=0.0.0.0",
)  # fmt: skip


def spoiled(document: Any, random_: random.Random) -> Any:
    """The document with one to four of its values replaced, doubled, renamed or gone."""
    document = copy.deepcopy(document)
    for _ in range(random_.randint(1, 4)):
        places = list(_places(document))
        if not places:
            break
        holder, key = random_.choice(places)
        kind = random_.random()
        if kind < 0.7:
            holder[key] = copy.deepcopy(random_.choice(VALUES))
        elif kind < 0.8:
            del holder[key]
        elif isinstance(holder, dict):
            holder[random_.choice([EVIL, "", "a" * 5000, "id", "models", "\ud800", "..", "<<"])] = holder.pop(key)
        else:
            holder.extend(holder[:1000])
    return document


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from _places(item)


def written(name: str, document: Any) -> bytes:
    """As the source would write it: JSON with NaN, or YAML."""
    if name.endswith(".json"):
        return json.dumps(document).encode()
    return yaml.dump(document, allow_unicode=False).encode(errors="replace")


def read(name: str) -> Any:
    payload, _ = PAYLOADS[name]
    return json.loads(payload) if name.endswith(".json") else yaml.safe_load(payload)


def damaged(payload: bytes, random_: random.Random) -> bytes:
    """The payload as no source sends it."""
    place, length = random_.randrange(len(payload)), random_.randint(1, 40)
    noise = bytes(random_.randrange(256) for _ in range(length))
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: payload[:place],
        lambda: payload[place:],
        lambda: payload[:place] + noise + payload[place + length :],
        lambda: payload[:place] + payload[place : place + 200] * 3 + payload[place:],
        lambda: payload + payload,
        lambda: payload.decode().encode("utf-16"),
        lambda: payload.decode().encode("utf-16-le"),
        lambda: b"\xef\xbb\xbf" + payload,
        lambda: gzip.compress(payload),
        lambda: payload.replace(b"a", b"\xff"),
        lambda: payload.replace(b"e", b"\x00"),
        lambda: b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        lambda: b"",
        lambda: b"null",
        lambda: noise,
    )
    return random_.choice(ways)()
