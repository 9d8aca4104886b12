"""Adapters: what goes on top of a model, and is served beside it."""

from __future__ import annotations

from typing import Literal

from modelscan.dataclasses import dataclass
from modelscan.model.words import Source


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """A LoRA, under the name that it is served by.

    `repo_id` is the folder of one that lies here, `file` the file of its matrices. `base` is the model that it says it
    goes on top of. `rank` is that of its largest matrices, `layers` the number of the last layer that it changes, from
    one; `width` and `inner_width` are those of the model as its matrices have them, `modules` what of a layer they
    change, as its format calls it. `beyond` is what it has of PEFT beside plain LoRA, in PEFT's words.
    """

    name: str
    source: Source
    repo_id: str
    revision: str | None = None
    format: Literal["peft", "gguf"]
    file: str
    size_bytes: int
    parameters: int
    rank: int
    base: str | None = None
    layers: int | None = None
    width: int | None = None
    inner_width: int | None = None
    modules: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
