"""The flags of llama-server that are understood here, and what each sets in xllamacpp's parameters.

Names and meanings: `llama-server --help` (b10434); attributes: xllamacpp 2026.10.11549, whose wheel computes on the
CPU, so that no flag for GPUs is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Set = Callable[[Any, Any, str], None]  # the module xllamacpp, its parameters, the value


class BadFlag(Exception):
    """Said as llama-server says it."""


def _plain(path: str, read: Callable[[str], object]) -> Set:
    """Sets `cpuparams.n_threads` and the like."""
    *owners, name = path.split(".")

    def apply(_: Any, parameters: Any, value: str) -> None:
        for owner in owners:
            parameters = getattr(parameters, owner)
        setattr(parameters, name, read(value))

    return apply


def _constant(path: str, value: object) -> Set:
    return _plain(path, lambda _: value)


def _member(path: str, enumeration: str, prefix: str, words: Mapping[str, str] | None = None) -> Set:
    """Sets a member of one of xllamacpp's enumerations; `words` are those that are not the member's own name."""

    def apply(library: Any, parameters: Any, value: str) -> None:
        word = words.get(value) if words is not None else value.upper()
        members = {member.name: member for member in getattr(library, enumeration)}
        found = members.get(f"{prefix}{word}")
        if found is None:
            raise ValueError(f"unknown value `{value}`")
        setattr(parameters, path, found)

    return apply


def _sampling(name: str, read: Callable[[str], object], marked: str | None = None) -> Set:
    """A default of requests. `marked`: the user's word for it counts more than what the weights say of themselves."""

    def apply(library: Any, parameters: Any, value: str) -> None:
        setattr(parameters.sampling, name, read(value))
        if marked is not None:
            bit = getattr(library.common_params_sampling_config, f"COMMON_PARAMS_SAMPLING_CONFIG_{marked}").value
            parameters.sampling.user_sampling_config |= bit

    return apply


def _switched(path: str) -> Set:
    words = {"on": True, "off": False}

    def read(value: str) -> bool:
        if value not in words:
            raise ValueError(f"unknown value `{value}`")
        return words[value]

    return _plain(path, read)


def _no_device(_: Any, __: Any, value: str) -> None:
    if value != "none":
        raise ValueError("this build computes on the CPU only")


def _origins(_: Any, parameters: Any, value: str) -> None:
    parameters.cors_origins = value
    parameters.cors_origins_explicit = True


def _keys(_: Any, parameters: Any, value: str) -> None:
    lines = Path(value).read_text(encoding="utf-8").splitlines()
    parameters.api_keys = [line for line in lines if line and not line.startswith("#")]
    if not parameters.api_keys:
        raise ValueError("the file holds no key")


def _timeout(_: Any, parameters: Any, value: str) -> None:
    parameters.timeout_read = parameters.timeout_write = int(value)


def _reranking(library: Any, parameters: Any, _: str) -> None:
    parameters.embedding = True
    parameters.pooling_type = library.llama_pooling_type.LLAMA_POOLING_TYPE_RANK


def _adapter(library: Any, parameters: Any, value: str) -> None:
    one = library.CommonAdapterLoraInfo()
    one.path, one.scale = value, 0.0 if parameters.lora_init_without_apply else 1.0
    parameters.lora_adapters = [*parameters.lora_adapters, one]


def _not_applied(_: Any, parameters: Any, __: str) -> None:
    """To no request that does not ask for one, as llama-server's README has it."""
    parameters.lora_init_without_apply = True
    for one in parameters.lora_adapters:
        one.scale = 0.0


_CACHE_TYPE = ("ggml_type", "GGML_TYPE_")
_FLASH = {"auto": "AUTO", "on": "ENABLED", "off": "DISABLED"}
_REASONING = {"none": "NONE", "auto": "AUTO", "deepseek": "DEEPSEEK", "deepseek-legacy": "DEEPSEEK_LEGACY"}

VALUED: Mapping[str, Set] = {
    "--model": _plain("model.path", str),
    "--mmproj": _plain("mmproj.path", str),
    "--lora": _adapter,
    "--alias": _plain("model_alias", lambda value: set(value.split(","))),
    "--host": _plain("hostnames", lambda value: [value]),
    "--port": _plain("port", int),
    "--ctx-size": _plain("n_ctx", int),
    "--parallel": _plain("n_parallel", int),
    "--threads": _plain("cpuparams.n_threads", int),
    "--threads-batch": _plain("cpuparams_batch.n_threads", int),
    "--threads-http": _plain("n_threads_http", int),
    "--poll": _plain("cpuparams.poll", int),
    "--batch-size": _plain("n_batch", int),
    "--ubatch-size": _plain("n_ubatch", int),
    "--device": _no_device,
    "--fit": _switched("fit_params"),
    "--cache-type-k": _member("cache_type_k", *_CACHE_TYPE),
    "--cache-type-v": _member("cache_type_v", *_CACHE_TYPE),
    "--flash-attn": _member("flash_attn_type", "llama_flash_attn_type", "LLAMA_FLASH_ATTN_TYPE_", _FLASH),
    "--pooling": _member("pooling_type", "llama_pooling_type", "LLAMA_POOLING_TYPE_"),
    "--api-key-file": _keys,
    "--log-verbosity": _plain("verbosity", int),
    "--cors-origins": _origins,
    "--cache-ram": _plain("cache_ram_mib", int),
    "--cache-reuse": _plain("n_cache_reuse", int),
    "--slot-prompt-similarity": _plain("slot_prompt_similarity", float),
    "--keep": _plain("n_keep", int),
    "--predict": _plain("n_predict", int),
    "--timeout": _timeout,
    "--image-min-tokens": _plain("image_min_tokens", int),
    "--image-max-tokens": _plain("image_max_tokens", int),
    "--reasoning-format": _member(
        "reasoning_format", "common_reasoning_format", "COMMON_REASONING_FORMAT_", _REASONING
    ),
    "--reasoning-budget": _sampling("reasoning_budget_tokens", int),
    "--load-mode": _member("load_mode", "llama_load_mode", "LLAMA_LOAD_MODE_"),
    "--seed": _sampling("seed", int),
    "--temp": _sampling("temp", float, "TEMP"),
    "--top-k": _sampling("top_k", int, "TOP_K"),
    "--top-p": _sampling("top_p", float, "TOP_P"),
    "--min-p": _sampling("min_p", float, "MIN_P"),
    "--repeat-penalty": _sampling("penalty_repeat", float, "PENALTY_REPEAT"),
    "--presence-penalty": _sampling("penalty_present", float),
    "--frequency-penalty": _sampling("penalty_freq", float),
}

SWITCHES: Mapping[str, Set] = {
    "--embeddings": _constant("embedding", True),
    "--reranking": _reranking,
    "--lora-init-without-apply": _not_applied,
    "--metrics": _constant("endpoint_metrics", True),
    "--no-slots": _constant("endpoint_slots", False),
    "--no-ui": _constant("ui", False),
    "--offline": _constant("offline", True),
    "--swa-full": _constant("swa_full", True),
    "--context-shift": _constant("ctx_shift", True),
    "--no-cont-batching": _constant("cont_batching", False),
    "--no-cache-prompt": _constant("cache_prompt", False),
    "--no-repack": _constant("no_extra_bufts", True),
    "--no-warmup": _constant("warmup", False),
}


def apply_flags(words: Sequence[str], library: Any, parameters: Any) -> None:
    """Set the parameters that a command line asks for. Raises BadFlag for a flag or a value that is not understood."""
    rest = iter(words)
    for word in rest:
        if (switch := SWITCHES.get(word)) is not None:
            switch(library, parameters, "")
            continue
        apply = VALUED.get(word)
        if apply is None:
            raise BadFlag(f"error: invalid argument: {word}")
        value = next(rest, None)
        if value is None:
            raise BadFlag(f'error while handling argument "{word}": expected value for argument')
        try:
            apply(library, parameters, value)
        except (ValueError, OverflowError, OSError) as error:
            raise BadFlag(f'error while handling argument "{word}": {error}') from error
