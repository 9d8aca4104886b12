"""What no backend can load, told apart by kind: each kind has its own sentence, for folders, hubs and S3 alike.

Pure but for `read`, which is called for small files only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any, NamedTuple

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.errors import ModelNotFound
from modelscan.hubs.forms import (
    DRAFTING,
    FOREIGN_METHODS,
    KNOWN_METHODS,
    NOT_LOADED,
    OTHER_DEVICES,
    POINTERS,
    TRAINING,
)
from modelscan.parsing.regex import regex
from modelscan.parsing.text import clean, clean_line
from modelscan.storage.shipped import shipped_text
from modelscan.weights.reading.drafters import DRAFTERS, Drafter, drafter_called, read_drafters
from modelscan.weights.reading.listing import loaded_safetensors
from modelscan.weights.reading.selection import needed_files, weight_names
from modelscan.weights.reading.tokenizers import has_tokenizer

_POINTER_BYTES = range(16, 1025)
_LARGEST_CARD = 1024**2
_SHOWN = 40  # letters of a strange word
# The files of a model that version control keeps elsewhere: only those are worth a look.
_LARGE_ELSEWHERE = (
    "*.safetensors",
    "*.bin",
    "*.pt",
    "*.gguf",
    "*.model",
    "*tokenizer*.json",
    "tekken.json",
    "*.tiktoken",
)
_REPO = regex(r"[\w][\w.-]*/[\w][\w.-]*")
_BASE = regex(r"^base_model:\s*(?:\n\s*-\s*)?[\"']?([\w][\w.-]*/[\w][\w.-]*)", re.MULTILINE)
_FORM = regex(r"(?i)[-_.]?\b(?:gguf|mlx|exl[23]|\d(?:\.\d+)?bpw|\d+-?bit)\b.*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The files of weights. `shown` names them in a message; `read` returns the content of a small file."""

    repo_id: str
    shown: str
    sizes: Mapping[str, int]
    is_folder: bool
    read: Callable[[str], bytes]
    json: Callable[[str], dict[str, Any]]

    @property
    def base_model(self) -> str | None:
        """The model that these weights were made from, as their card names it."""
        if not 0 < self.sizes.get("README.md", 0) <= _LARGEST_CARD:
            return None
        found = _BASE.search(self.read("README.md").decode("utf-8", "replace").partition("\n---\n")[0])
        return found[1] if found else None

    @property
    def original(self) -> str:
        """What to do instead: plan the model that these weights were made from, or look for it."""
        hint = "use the model that these weights were made from"
        if base := self.base_model:
            return f"{hint}: modelscan plan {base}"
        name, forms = _FORM.subn("", self.repo_id.rpartition("/")[2])
        return (
            f"{hint}: modelscan catalog search {shlex.quote(name)}" if (forms and name) or not self.is_folder else hint
        )


class Unloadable(NamedTuple):
    """`what` completes a sentence that begins with the name of the weights."""

    kind: str
    what: str
    cause: Sequence[str] = ()
    hints: Sequence[str] = ()


def require_loadable_files(contents: Contents) -> None:
    """Raise ModelNotFound for files that no backend loads, whatever the config says."""
    _refuse(contents, (_pointers, _adapter, _checkpoint, _other_format, _other_device, _unfinished))


def require_loadable_config(contents: Contents, config: Mapping[str, Any]) -> None:
    """Raise ModelNotFound for a config that no backend loads, and for text models without a tokenizer."""
    kinds = (_mlx, _foreign, _drafts, _nameless, _mute)
    _refuse(contents, tuple(partial(kind, config=config) for kind in kinds))


def refuse_drafter(name: str) -> None:
    """Raise ModelNotFound for the name of a repo that is known to draft for another model."""
    if (known := drafter_called(name, shipped_drafters())) is not None:
        raise unloadable(f"`{known.repo_id}`", known.repo_id, drafting(known.of, known))


def unloadable(shown: str, repo_id: str, found: Unloadable, files: Sequence[str] = ()) -> ModelNotFound:
    details = {"repo_id": repo_id, "reason": found.kind, "files": list(files)}
    return ModelNotFound(f"{shown} {found.what}", cause=found.cause, hints=found.hints, details=details)


def _refuse(contents: Contents, kinds: Sequence[Callable[[Contents], Unloadable | None]]) -> None:
    for kind in kinds:
        if found := kind(contents):
            raise unloadable(contents.shown, contents.repo_id, found, sorted(contents.sizes)[:50])


def _pointers(contents: Contents) -> Unloadable | None:
    """Small files that stand for large ones: what git, a copied cache or a login page leaves in their place."""
    for name, size in contents.sizes.items():
        if size not in _POINTER_BYTES or not any(fnmatchcase(name, pattern) for pattern in _LARGE_ELSEWHERE):
            continue
        start = contents.read(name).lstrip()
        for mark, what, here, elsewhere in POINTERS:
            if start.startswith(mark):
                hint = here if contents.is_folder else elsewhere
                return Unloadable("pointer", f"holds {what}", [f"`{name}` has {size} bytes"], [hint])
    return None


def _adapter(contents: Contents) -> Unloadable | None:
    sizes = contents.sizes
    if "adapter_config.json" not in sizes or (
        "config.json" in sizes and any(not _is_adapter(name) for name in weight_names(needed_files(sizes)))
    ):
        return None
    base = contents.json("adapter_config.json").get("base_model_name_or_path")
    base = clean(base) if isinstance(base, str) and base else None
    below = base if base and _REPO.fullmatch(base) else "BASE"
    return Unloadable(
        "adapter",
        f"is an adapter, which goes on top of {f'`{base}`' if base else 'another model'}",
        (),
        [
            f"serve it on top of that: modelscan deploy {below} --adapter NAME={shlex.quote(contents.repo_id)}",
            "or merge the adapter into its model (peft: merge_and_unload) and deploy that folder",
        ],
    )


def _is_adapter(name: str) -> bool:
    return name.rpartition("/")[2].startswith("adapter_")


def _checkpoint(contents: Contents) -> Unloadable | None:
    """A checkpoint in the form of the framework that trains it."""
    if any(name.endswith(".safetensors") and not _is_adapter(name) for name in needed_files(contents.sizes)):
        return None
    for patterns, what, hint in TRAINING:
        if any(fnmatchcase(name, pattern) for name in contents.sizes for pattern in patterns):
            return Unloadable("training_checkpoint", f"is {what}", ["no backend loads it as it is"], [hint])
    return None


def _other_format(contents: Contents) -> Unloadable | None:
    """Weights of other programs, where there are none that a backend loads."""
    if weight_names(needed_files(contents.sizes)):
        return None
    for patterns, what in NOT_LOADED:
        if any(fnmatchcase(name, pattern) for name in contents.sizes for pattern in patterns):
            return Unloadable(
                "other_format",
                f"holds {what}, which no backend here loads",
                (),
                [contents.original],
            )
    return None


def _other_device(contents: Contents) -> Unloadable | None:
    """Integers that are laid out for devices which no backend here runs on."""
    for pattern, program, devices in OTHER_DEVICES:
        if any(fnmatchcase(name, pattern) for name in contents.sizes):
            what = f"is quantized by {program}, whose files only {devices} load"
            return Unloadable("other_device", what, (), [contents.original])
    return None


def _unfinished(contents: Contents) -> Unloadable | None:
    """What download tools leave behind, where the weights themselves are not there."""
    left = [name for name in contents.sizes if name.endswith((".incomplete", ".aria2", ".part", ".crdownload"))]
    if not left or weight_names(contents.sizes):
        return None
    return Unloadable("unfinished", "is an unfinished download", [f"`{left[0]}`"], ["finish the download first"])


def _mlx(contents: Contents, config: Mapping[str, Any]) -> Unloadable | None:
    """mlx-lm writes `quantization`, and the same again as `quantization_config`, without a method."""
    section, declared = config.get("quantization"), config.get("quantization_config")
    if not isinstance(section, Mapping) or not {"bits", "group_size"} <= section.keys():
        return None
    if isinstance(declared, Mapping) and declared.get("quant_method"):
        return None
    hints = [contents.original]
    return Unloadable("mlx", "holds MLX weights, which only Apple's MLX loads", (), hints)


def _foreign(contents: Contents, config: Mapping[str, Any]) -> Unloadable | None:
    """A quantization that other programs load."""
    section = config.get("quantization_config")
    method = section.get("quant_method") if isinstance(section, Mapping) else None
    if method is None or not str(method).strip() or str(method).lower() in KNOWN_METHODS:
        return None
    program = FOREIGN_METHODS.get(str(method).lower())
    if program is None:
        what = f"is quantized with `{clean_line(str(method), _SHOWN)}`, which no backend here is known to load"
        return Unloadable("unknown_quantization", what, (), [contents.original])
    return Unloadable(
        "foreign_quantization",
        f"is quantized with {clean(str(method)).upper()}, which no backend here loads",
        [f"it is for {program}"],
        [contents.original],
    )


def _drafts(contents: Contents, config: Mapping[str, Any]) -> Unloadable | None:
    """A second model for speculative decoding."""
    names = config.get("architectures")
    words = [
        *(names if isinstance(names, list) else []),
        config.get("model_type"),
        config.get("speculators_model_type"),
    ]
    if "draft_vocab_size" not in config and not any(
        fnmatchcase(str(word).lower(), pattern) for word in words if word for pattern in DRAFTING
    ):
        return None
    known = drafter_called(contents.repo_id, shipped_drafters())
    section = config.get("speculators_config")
    verifier = section.get("verifier") if isinstance(section, Mapping) else None
    named = verifier.get("name_or_path") if isinstance(verifier, Mapping) else None
    if known is not None:
        return drafting(known.of, known)
    return drafting(named if isinstance(named, str) and _REPO.fullmatch(named) else contents.base_model)


def drafting(base: str | None, drafter: Drafter | None = None) -> Unloadable:
    """What is said of a model that drafts for `base`, with the commands for both that are published."""
    commands = (
        f"serve both with {backend.title} itself: "
        + backend.about.drafts.format(
            base=base,
            drafter=drafter.repo_id,
            method=drafter.method,
            algorithm=drafter.method.upper(),
            tokens=drafter.tokens,
        )
        for name, backend in BACKENDS.items()
        if drafter is not None and name in drafter.backends and backend.about.drafts is not None
    )
    return Unloadable(
        "draft_head",
        f"is a drafter: it speeds up {f'`{base}`' if base else 'another model'} and cannot run alone",
        ["modelscan plans no second model beside another yet"],
        [f"plan that model: modelscan plan {base}" if base else "plan the model that it was made for", *commands],
    )


@cache
def shipped_drafters() -> Mapping[str, Drafter]:
    return read_drafters(shipped_text(DRAFTERS))


def _nameless(_: Contents, config: Mapping[str, Any]) -> Unloadable | None:
    names = config.get("architectures")
    if isinstance(names, list) and any(isinstance(name, str) and name for name in names):
        return None
    return Unloadable(
        "no_architectures",
        "has a `config.json` without `architectures`, so a backend cannot know the model's class",
        (),
        ['add its class to `config.json`, such as "architectures": ["LlamaForCausalLM"]'],
    )


def _mute(contents: Contents, config: Mapping[str, Any]) -> Unloadable | None:
    """Text needs a tokenizer. Of a config alone nothing can be said."""
    names = " ".join(map(str, config["architectures"]))
    if not loaded_safetensors(contents.sizes) or not re.search("ForCausalLM|ForSequenceClassification", names):
        return None
    if has_tokenizer(contents.sizes):
        return None
    base = contents.base_model
    return Unloadable(
        "no_tokenizer",
        "has no tokenizer",
        ["none of tokenizer.json, tokenizer.model, tekken.json or vocab.json is there"],
        [f"copy the tokenizer of {f'`{base}`' if base else 'the model it was made from'} beside the weights"],
    )
