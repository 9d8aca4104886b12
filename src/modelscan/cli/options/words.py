"""The closed lists of words that options take: case-insensitive, shown in the help, anything else is usage."""

from __future__ import annotations

from enum import StrEnum

import typer


def one_of(words: type[StrEnum]) -> str:
    """For a help text: `no, on-failure or always`. As a metavar a long list would break in the middle of a word."""
    *most, last = words
    return f"{', '.join(most)} or {last}"


class BackendWord(StrEnum):
    VLLM = "vllm"
    SGLANG = "sglang"


class ModeWord(StrEnum):
    STANDARD = "standard"
    THROUGHPUT = "throughput"
    LATENCY = "latency"


class SourceWord(StrEnum):
    HUGGINGFACE = "huggingface"
    MODELSCOPE = "modelscope"
    LOCAL_PATH = "local_path"
    S3 = "s3"


class HubWord(StrEnum):
    HUGGINGFACE = "huggingface"
    MODELSCOPE = "modelscope"


class RestartWord(StrEnum):
    NO = "no"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class WaitForWord(StrEnum):
    READY = "ready"
    STOPPED = "stopped"


class StatusWord(StrEnum):
    PENDING = "pending"
    PULLING = "pulling"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class CapabilityWord(StrEnum):
    TOOL_CALL = "tool_call"
    REASONING = "reasoning"
    VISION = "vision"
    STRUCTURED_OUTPUT = "structured_output"


class TaskWord(StrEnum):
    CHAT = "chat"
    COMPLETION = "completion"
    EMBED = "embed"
    RERANK = "rerank"
    SPEECH_TO_TEXT = "speech-to-text"
    TEXT_TO_SPEECH = "text-to-speech"
    TEXT_TO_IMAGE = "text-to-image"
    TEXT_TO_VIDEO = "text-to-video"
    OTHER = "other"


class PlanFormatWord(StrEnum):
    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    COMMAND = "command"


class RoutesFormatWord(StrEnum):
    MODELSCAN = "modelscan"
    ENV = "env"
    LITELLM = "litellm"


class TargetWord(StrEnum):
    LOCAL = "local"


class ProgressWord(StrEnum):
    JSONL = "jsonl"


QUANTIZATIONS = (
    "FP32", "BF16", "FP16", "FP8", "INT8", "INT4", "FP4", "MXFP4", "NVFP4", "AWQ", "GPTQ",
)  # fmt: skip
GGUF_QUANTIZATIONS = (
    "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_0", "Q4_1", "Q4_K_S", "Q4_K_M", "Q5_0", "Q5_1", "Q5_K_S", "Q5_K_M",
    "Q6_K", "Q8_0", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ3_XS", "IQ4_NL", "IQ4_XS",
)  # fmt: skip


def quantization_word(value: str | None) -> str | None:
    """The word in its usual spelling, or a usage error that lists them."""
    if value is None:
        return None
    word = value.upper()
    if word not in QUANTIZATIONS + GGUF_QUANTIZATIONS:
        known = ", ".join(QUANTIZATIONS)
        raise typer.BadParameter(f"`{value}` is not one of {known} or a GGUF name such as Q4_K_M")
    return word


def complete_quantization(incomplete: str) -> list[str]:
    return [word for word in QUANTIZATIONS + GGUF_QUANTIZATIONS if word.startswith(incomplete.upper())]
