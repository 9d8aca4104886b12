"""How model names are compared: spellings that mean the same become the same words, and nothing more (pure).

`Qwen/Qwen3-32B`, `qwen-3-32b`, `qwen3:32b` and `Qwen3 32B` all become `qwen 3 32b`. Words are only ever dropped by
the functions that say so, because `-0528`, `-VL-`, `-Coder-` or `-turbo` name other models.
"""

from __future__ import annotations

import functools
import re

# A merge asks the same of a name for each of its hosts and specs.
_remembered = functools.lru_cache(maxsize=100_000)
# Kept as text where a search does not need them: to compile all takes as long as to search.
_WRAPPERS = (
    r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co|modelscope\.cn|modelscope\.ai|ollama\.com)/",
    r"^(?:hf\.co|huggingface\.co|registry\.ollama\.ai|ollama\.com)/",
    r"^publishers/[^/]+/models/",  # Vertex AI
    r"^(?:hf|huggingface|modelscope|ollama):(?://)?",
    r"^@(?:cf|hf)/",
    r"^accounts/[^/]+/(?:models|routers)/",
    # `route` is routing.run's own beginning of a name (24 entries of models.dev, 2026-07).
    r"^(?:workers-ai|openrouter|models|library|route)/",
    # How LiteLLM prefixes providers (docs.litellm.ai/docs/providers); none of these is an organization at a hub.
    r"^(?:ollama|ollama_chat|together_ai|fireworks_ai|vertex_ai|bedrock|hosted_vllm|azure_ai)/",
    r"^databricks-(?!dbrx|dolly)",
    r"^~",
)
_REGION = r"^(?:us|eu|apac|au|jp|ca|global)\.(?=[a-z0-9]+\.)"
_BEDROCK_OWNER = (
    r"^(ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability"
    r"|twelvelabs|writer|xai|zai)\.(?=[a-z])"
)
_BEDROCK_VERSION = r"-(?:v)?\d:\d+(?::\d+k)?$|(?<=:)\d+$"
_BEDROCK_MINOR = r"(?<=-v0):(?=\d$)"  # Mistral's own `v0.2`, as `mistral-7b-instruct-v0:2`
_GAP = re.compile(r"[\s_]+")
_AT_DATE = r"@(?:\d{8}|default|latest)$"
_SERVING_TAGS = frozenset({
    "free", "beta", "nitro", "floor", "exacto", "online", "extended", "cloud", "discounted", "default", "tee",
    # The hub's router: `owner/name:groq` (huggingface_hub 2.4.0, inference/_providers), and its policies.
    "auto", "baseten", "cerebras", "cheapest", "cohere", "deepinfra", "fal-ai", "fastest", "featherless-ai",
    "fireworks-ai", "groq", "hf-inference", "hyperbolic", "nebius", "novita", "nscale", "ovhcloud", "preferred",
    "publicai", "replicate", "sambanova", "scaleway", "together", "wavespeed", "zai-org",
})  # fmt: skip
_JOINED_WORD = re.compile(r"(?<=\d)(?=(?:vl|coder|omni|math|audio)(?![a-z]))")  # `qwen2.5vl`, `qwen3coder`
_POINT_P = re.compile(r"(?<=\d)p(?=\d)")
_DASHED_VERSION = re.compile(r"(?<![\d.q])(\d{1,2})[-_](\d)(?![\d.]*(?:[bm](?![a-z])|\d|x\d|k(?![a-z])))")
_UNDERSCORED_SIZE = re.compile(r"(?<=\d)_(?=\d[bm](?![a-z\d]))")  # `stablelm-2-1_6b`
_POINT_ZERO = re.compile(r"(?<=\d)\.0(?![\d.])")  # `4.0` is how some write `4`
_WORD = re.compile(
    r"(?:mx|nv|b)?fp?\d+(?![a-z\d])|int\d(?![a-z\d])|iq\d(?![a-z\d])|w\d+a\d+(?![a-z\d])|\d+(?:\.\d+)*x\d+(?:\.\d+)?b?|[a-z]\d+(?:\.\d+)*[a-z]*(?![a-z\d])|[a-z]+|\d+(?:\.\d+)*[a-z]*"
)
_BETWEEN_SIZES = r"[^a-z\d.]+"
_SIZE = r"(a)?(\d+(?:\.\d+)?)([bmt])|\d+x\d+(?:\.\d+)?b"
_EXPERTS = r"\d+e"
_FACTORS = {"m": 10**6, "b": 10**9, "t": 10**12}
_LARGEST = 1e15

QUANTIZATION_WORDS: dict[str, str] = {
    "fp32": "FP32", "bf16": "BF16", "fp16": "FP16", "f16": "FP16", "fp8": "FP8", "mxfp8": "FP8", "int8": "INT8",
    "w8a8": "INT8", "w8a16": "INT8", "8bit": "INT8", "int4": "INT4", "4bit": "INT4", "w4a16": "INT4", "w4a8": "INT4",
    "fp4": "FP4", "mxfp4": "MXFP4", "nvfp4": "NVFP4", "awq": "AWQ", "gptq": "GPTQ",
}  # fmt: skip
"""Words in names that only say how the weights are stored, and the word of `--quantization` for each."""

_STORAGE_NOISE = frozenset({
    "bnb", "dynamic", "gguf", "mlx", "mtp", "pertensor", "qat", "quantized", "static", "ud", "unsloth",
})  # fmt: skip
_GGUF = re.compile(r"i?q\d")
_GGUF_SIZES = frozenset({"k", "xxs", "xs", "s", "m", "l", "xl", "nl", "0", "1"})
TUNING_WORDS = frozenset({"instruct", "it", "chat", "hf", "nvidia", "meta", "c4ai"})
"""Words that a lab adds to the repo of the very model that people call by the name without them."""

LAB_WORDS = frozenset({"c4ai", "meta", "nvidia"})
"""Words of those that labs put before some names of their own: Meta-Llama-3-8B, Llama-3.2-3B."""

TIER_WORDS = frozenset({
    "basic", "cheaper", "cloud", "exacto", "extended", "fast", "floor", "free", "highspeed", "instant", "lora", "maas",
    "nitro", "precision", "tee", "tput", "ultraspeed", "versatile",
})  # fmt: skip
"""Words for how a host serves a model, never part of an official repo's name as far as our tables know."""

_TIERS_OF_TUNED = frozenset({"lite", "turbo"})
_TUNED = re.compile(r"instruct|chat|it|0[1-9][0-3]\d|1[0-2][0-3]\d|2[3-9][01]\d")

OTHER_MODEL_WORDS = frozenset({
    "abliterated", "airx", "asr", "audio", "base", "code", "coder", "distill", "distilled", "edit", "embed",
    "embedding", "embeddings", "exp", "flash", "flashx", "fp4", "guard", "guardian", "image", "kontext", "lite",
    "math", "medical", "mini", "moe", "multimodal", "nano", "ocr", "omni", "pro", "prover", "reasoner",
    "reasoning", "rerank", "reranker", "safeguard", "speciale", "speech", "sqlcoder", "text", "thinking", "tts",
    "turbo", "ultra", "uncensored", "vision", "vl", "zero",
})  # fmt: skip
"""Words that make another model of a name: a query without one does not silently mean a model with it."""


@_remembered
def unwrap(name: str) -> str:
    """A name without what hosts wrap around it: `@cf/`, `accounts/x/models/`, `us.`, `:free`, `@20250929`, `-v1:0`."""
    text = name.strip()
    lowered = text.casefold()
    while match := next((found for pattern in _WRAPPERS if (found := re.match(pattern, lowered))), None):
        text, lowered = text[match.end() :], lowered[match.end() :]
    if match := re.match(_REGION, lowered):
        text, lowered = text[match.end() :], lowered[match.end() :]
    if match := re.match(_BEDROCK_OWNER, lowered):
        text = f"{match[1]}/{text[match.end() :]}"
        text = re.sub(_BEDROCK_VERSION, "", re.sub(_BEDROCK_MINOR, ".", text))
    text = re.sub(_AT_DATE, "", text)
    name, _, tag = text.rpartition(":")
    return name if name and tag.casefold() in _SERVING_TAGS else text


def split_owner(name: str) -> tuple[str | None, str]:
    """`Qwen/Qwen3-8B` → owner and name; of a longer path the last two parts count."""
    owner, slash, last = name.rstrip("/").rpartition("/")
    return (owner.rpartition("/")[2], last) if slash else (None, last)


@_remembered
def words(name: str) -> tuple[str, ...]:
    """The words of a name without its owner, in order."""
    text = split_owner(name)[1].casefold()
    text = _POINT_P.sub(".", text)
    text = _UNDERSCORED_SIZE.sub(".", text)
    text = _GAP.sub("-", text.strip())
    text = _JOINED_WORD.sub("-", text)
    text = _POINT_ZERO.sub("", _DASHED_VERSION.sub(r"\1.\2", text))
    return tuple(_WORD.findall(text))


def key(name: str) -> str:
    """The words as one string: what two spellings of one model have in common."""
    return " ".join(words(name))


@_remembered
def without_quantization(parts: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The words that do not say how weights are stored, and the quantization that the others said."""
    kept: list[str] = []
    found: str | None = None
    gguf = False
    for position, word in enumerate(parts):
        if position and _GGUF.fullmatch(word):
            found, gguf = word.upper(), True
        elif gguf and found and word in _GGUF_SIZES:
            found = f"{found}_{word.upper()}"
        elif position and word in QUANTIZATION_WORDS:
            # `AWQ` and `GPTQ` say more than the `Int4` beside them.
            found = found if found in {"AWQ", "GPTQ"} else QUANTIZATION_WORDS[word]
        elif not (position and word in _STORAGE_NOISE):
            kept.append(word)
    return tuple(kept), found


@_remembered
def without_tiers(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The words that do not say how a host serves a model.

    `turbo` and `lite` name other models (whisper-large-v3-turbo), but behind `Instruct` or an edition's date they are
    a host's: Llama-3.3-70B-Instruct-Turbo, DeepSeek-V3-0324-Turbo. No repo in our tables ends so.
    """
    return tuple(
        word
        for before, word in zip(("", *parts), parts, strict=False)
        if not (word in TIER_WORDS or (word in _TIERS_OF_TUNED and _TUNED.fullmatch(before)))
    )


@_remembered
def plain_key(parts: tuple[str, ...]) -> str:
    """Words without tuning words (`instruct`, `it`, `chat` …): how people call the tuned model."""
    return " ".join(word for word in parts if word not in TUNING_WORDS) or " ".join(parts)


@_remembered
def base_repo(repo: str) -> str:
    """A repo id without its quantization suffix, in lower case: `Qwen/Qwen3-8B-FP8` → `qwen/qwen3-8b`."""
    text = repo.casefold()
    while True:
        shorter = re.sub(_REPO_SUFFIX, "", text)
        if shorter == text:
            return text
        text = shorter


_REPO_SUFFIX = (
    r"[-_.](?:fp8|bf16|fp16|fp4|mxfp4|mxfp8|nvfp4|awq|gptq|int4|int8|gptq-int[48]|w8a8(?:c8)?|w4a8|w4a16|mtp|gguf"
    r"|fp8-dynamic|fp8-static-pertensor|[48]bit)$"
)


def size_in_name(name: str) -> tuple[int | None, int | None]:
    """Parameters and active parameters that a name states: `30b-a3b`, `8x22b` (total unknown), `17b-16e` (active)."""
    total: int | None = None
    active: int | None = None
    said = re.split(_BETWEEN_SIZES, split_owner(name)[1].casefold())
    for word, following in zip(said, [*said[1:], ""], strict=True):
        match = re.fullmatch(_SIZE, word)
        if match is None:
            continue
        mark, number, unit = match.groups()
        if number is None:
            return None, None
        if mark:
            active = active or (scaled(number, unit) if unit == "b" else None)
        elif unit == "b" and re.fullmatch(_EXPERTS, following):
            return None, scaled(number, unit)
        elif total is None:
            total = scaled(number, unit)
    return total, active


def largest_called(size: int) -> int:
    """How many parameters models have at most that are called by this size, or a smaller one: Llama 3.1's 8b are 8.03
    billion, Qwen3's 14b are 14.8.
    """
    return size * 11 // 10


def scaled(number: str, unit: str) -> int:
    """`1.7` and `b` → 1,700,000,000; what is larger than any model is as large as that."""
    return round(min(float(number) * _FACTORS[unit], _LARGEST))
