"""Which files of a repo a backend needs: the weights in one format, and everything that goes with them. Pure.

vLLM and SGLang load `*.safetensors` at the top of a repo and fall back to `*.bin`, then `*.pt` (vLLM 0.32,
model_executor/model_loader/default_loader.py, `_prepare_weights`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from modelscan.parsing.regex import regex
from modelscan.weights.reading.gguf_files import gguf_files, projector_of
from modelscan.weights.reading.tokenizers import only_own_tokenizer

# Weights of other frameworks, exports, vendors' second copies, training leftovers, and images.
_NEVER = (
    "original/*", "metal/*", "onnx/*", "openvino/*", "coreml/*", "flax/*", "tf/*", "runs/*", "checkpoint-*/*",
    "*.gguf", "*.onnx", "*.onnx_data", "*.h5", "*.msgpack", "*.ot", "*.tflite", "*.mlmodel", "*.mlpackage/*", "*.ckpt",
    "*.pth", "*.zip", "*.tar", "*.tar.*", "*.nemo", "*.npz", "*.engine",
    "optimizer.*", "scheduler.pt", "rng_state*", "training_args.bin", "events.out.tfevents*",
    ".gitattributes", ".gitignore", "*.png", "*.jpg", "*.jpeg", "*.gif", "*.webp", "*.svg", "*.mp4", "*.pdf",
)  # fmt: skip
_PARAMS = "params.json"
PIPELINE = "model_index.json"
"""What a pipeline of diffusers has at its top: the class of each of its parts, which are folders."""
_VARIANT = regex(r"\.(?:fp16|bf16|non_ema|ema_only)(?=[.-])")
# Best first. Pickles can run code, safetensors cannot.
_FORMATS = (".safetensors", ".bin", ".pt")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_WEIGHTS = (*_FORMATS, ".pth", ".gguf")


CTRANSLATE2 = "ctranslate2"
"""CTranslate2's form: all weights in one file, and no shape in `config.json`."""
_CTRANSLATE2_WEIGHTS = "model.bin"
_VOCABULARIES = regex(r"(?:shared_|source_|target_)?vocabulary\.(?:json|txt)")
STANDING_ALONE = frozenset({CTRANSLATE2, "gguf"})
"""Forms of their own, which nothing reads that reads Hugging Face's files."""


_TITLES = {CTRANSLATE2: "CTranslate2"}


def form_title(form: str) -> str:
    """A format as people write it."""
    return _TITLES.get(form, form.upper() if form in STANDING_ALONE else form)


OWN_FORM = "own"
"""The vendor's own copy of the weights."""
ADAPTER = "adapter"
"""What goes on top of a model, in a repo of its own."""
ADAPTER_SETTINGS = "adapter_config.json"
_ADAPTER_WEIGHTS = "adapter_model.safetensors"


def needed_files(names: Collection[str], *, form: str | None = None) -> tuple[str, ...]:
    """The files of a repo that a backend needs: one copy of the weights and everything that goes with them.

    `form` is OWN_FORM for the vendor's own copy (`consolidated*`, with `params.json`), where there is one, which is
    also what a backend needs where the tokenizer comes in that form only: without those weights it looks for another.
    Of GGUF files it is the quantization: one of those that lie side by side, else the first. ADAPTER: the matrices of
    an adapter and its settings.
    """
    if form == ADAPTER:
        return _of_adapter(names)
    if _PARAMS in names and (form == OWN_FORM or only_own_tokenizer(names)) and any(map(_is_own_form, names)):
        names = [name for name in names if "/" in name or _format(name) is None or _is_second_copy(name)]
    if only_gguf(names):
        wanted = {*gguf_files(names, form), projector_of(names)}
        return tuple(name for name in names if _is_kept(name) or name in wanted)
    if only_ctranslate2(names):
        own = filter(_is_kept, names)
        return tuple(name for name in own if _format(name) is None or name == _CTRANSLATE2_WEIGHTS)
    if PIPELINE in names:
        names = _of_pipeline(names)
    kept = [name for name in names if _is_kept(name)]
    best = {folder: _best_format(kept, folder) for folder in {_folder(name) for name in kept}}
    kept = [name for name in kept if _format(name) in {None, best[_folder(name)]}]
    if any(
        _is_own(name) and name.endswith(".safetensors") and not _is_second_copy(name)
        for name in kept
        if "/" not in name
    ):
        kept = [name for name in kept if not _is_second_copy(name)]
    return tuple(kept)


def _of_adapter(names: Collection[str]) -> tuple[str, ...]:
    """In PEFT's form, else the one in GGUF."""
    wanted = (ADAPTER_SETTINGS, _ADAPTER_WEIGHTS)
    if all(name in names for name in wanted):
        return wanted
    return gguf_files([name for name in names if name.endswith(".gguf")])[:1]


def _of_pipeline(names: Collection[str]) -> list[str]:
    """Without all in one file at the top, which other programs load, and without second copies of the parts."""
    listed = set(names)
    return [
        name
        for name in names
        if not (_format(name) is not None and "/" not in name) and _VARIANT.sub("", name) not in listed - {name}
    ]


def _is_kept(name: str) -> bool:
    return not any(fnmatchcase(name, pattern) for pattern in _NEVER)


def weight_names(names: Iterable[str]) -> tuple[str, ...]:
    """The files that hold weights, in any format."""
    return tuple(name for name in names if name.endswith(_WEIGHTS) and not fnmatchcase(name, "training_args.bin"))


def only_pickles(names: Collection[str]) -> bool:
    """Whether the weights that would be loaded are pickles, which can run code."""
    weights = weight_names(needed_files(names)) or weight_names(names)
    return bool(weights) and all(name.endswith(_PICKLES) for name in weights) and not only_ctranslate2(names)


def only_ctranslate2(names: Collection[str]) -> bool:
    """Whether the weights are in CTranslate2's form, beside which lies a vocabulary, and in no other that is loaded."""
    if not {_CTRANSLATE2_WEIGHTS, "config.json"} <= set(names) or not any(map(_VOCABULARIES.fullmatch, names)):
        return False
    return not any("/" not in name and _is_own(name) and name.endswith(".safetensors") for name in names)


def only_gguf(names: Collection[str]) -> bool:
    weights = weight_names(names)
    return bool(weights) and all(name.endswith(".gguf") for name in weights)


def is_code(name: str) -> bool:
    """Whether a backend would run this file with remote code enabled."""
    return name.endswith(".py")


def _is_own_form(name: str) -> bool:
    return _is_second_copy(name) and name.endswith(".safetensors")


def _best_format(names: Iterable[str], folder: str) -> str | None:
    """Decided per folder: a part of a model, such as `2_Dense/`, may come in another format."""
    there = {_format(name) for name in names if _folder(name) == folder and _is_own(name)}
    return next((suffix for suffix in _FORMATS if suffix in there), None)


def _format(name: str) -> str | None:
    return next((suffix for suffix in _FORMATS if _stem(name).endswith(suffix)), None)


def _is_own(name: str) -> bool:
    """Whether it belongs to the model itself, not to an adapter."""
    return not name.rpartition("/")[2].startswith("adapter_")


def _is_second_copy(name: str) -> bool:
    """Weights in Mistral's own format, next to those that backends load."""
    return _stem(name).startswith("consolidated") and "/" not in name


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _stem(name: str) -> str:
    """The name without `.index.json`: an index is treated like the files it lists."""
    return name.removesuffix(".index.json")
