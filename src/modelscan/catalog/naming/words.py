"""Words of names, made by `make docs` from `catalogs/words.csv`, which is edited (pure)."""

# fmt: off
from __future__ import annotations

from modelscan.model import Task

HUB_ADDRESSES: dict[str, str] = {
    "huggingface.co": "huggingface", "hf.co": "huggingface", "modelscope.cn": "modelscope",
    "modelscope.ai": "modelscope", "ollama.com": "ollama", "registry.ollama.ai": "ollama",
}
"""Hosts of hubs, and which hub each is."""

HUB_SCHEMES: tuple[str, ...] = ("hf", "huggingface", "modelscope", "ollama")
"""Before a name with a colon."""

HOST_PATHS: tuple[str, ...] = (
    "workers-ai", "openrouter", "models", "library", "route", "ollama", "ollama_chat", "together_ai", "fireworks_ai",
    "vertex_ai", "bedrock", "hosted_vllm", "azure_ai", "converse", "invoke", "litellm_proxy", "nvidia_nim",
    "lm_studio", "custom_openai", "openai_like", "openai-compatible", "text-completion-openai", "amazon-bedrock",
    "llamafile", "watsonx", "sagemaker", "github_copilot", "gradient_ai", "bedrock_converse", "bedrock_mantle", "vllm",
    "sglang", "llamacpp", "llama_cpp", "llama-cpp", "xinference", "lmstudio", "tgi",
)
"""Before a name with a slash, and no organization."""

WRAPPERS: tuple[str, ...] = (
    "publishers/[^/]+/models/", "@(?:cf|hf)/", "accounts/[^/]+/(?:models|routers)/", "databricks-(?!dbrx|dolly)", "~",
    "ollama (?:run|pull|show) +(?=\\S)", "vllm serve +(?=\\S)", "lms (?:get|load) +(?=\\S)",
    "(?:hf|huggingface-cli) download +(?=\\S)", "docker model (?:run|pull) +(?=\\S)",
    "(?:ggml|mmproj)-(?=[\\w.-]+\\.(?:gguf|bin)$)",
)
"""Expressions of other beginnings."""

HOSTS: frozenset[str] = frozenset({
    "ai21", "anyscale", "azure", "baseten", "cerebras", "deepinfra", "featherless-ai", "fireworks", "friendliai",
    "groq", "huggingface", "hyperbolic", "lambda", "lambda_ai", "lepton", "nebius", "novita", "nscale", "nvidia_nim",
    "ovhcloud", "replicate", "sambanova", "scaleway", "siliconflow", "together", "togethercomputer", "vercel",
    "volcengine",
})
"""The same, and maybe an organization too."""

FILE_ENDINGS: tuple[str, ...] = ("gguf", "safetensors", "bin", "pth", "pt", "onnx", "ggml")
"""Behind the last dot of a file of weights."""

REGIONS: tuple[str, ...] = ("us", "eu", "apac", "au", "jp", "ca", "global")
"""Before a name with a dot."""

DOTTED_OWNERS: tuple[str, ...] = (
    "ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "meta", "minimax", "mistral", "moonshot",
    "moonshotai", "nvidia", "openai", "qwen", "stability", "twelvelabs", "writer", "xai", "zai",
)
"""Owners before a dot in place of a slash."""

SERVING_TAGS: frozenset[str] = frozenset({
    "auto", "baseten", "beta", "cerebras", "cheapest", "cloud", "cohere", "deepinfra", "default", "discounted",
    "exacto", "extended", "fal-ai", "fastest", "featherless-ai", "fireworks-ai", "floor", "free", "groq",
    "hf-inference", "hyperbolic", "nebius", "nitro", "novita", "nscale", "online", "ovhcloud", "preferred", "publicai",
    "replicate", "sambanova", "scaleway", "tee", "together", "wavespeed", "zai-org",
})
"""Behind a colon: how a host serves it."""

TAGS: frozenset[str] = frozenset({"default", "latest"})
"""Behind a colon: what is meant where nothing is said."""

LEADING: frozenset[str] = frozenset({"open"})
"""Hosts put these before a name."""

EMBEDDING_PREFIXES: frozenset[str] = frozenset({"text embedding"})
"""Before names of models that embed."""

REPO_HOSTS: frozenset[str] = frozenset({"huggingface"})
"""Hosts whose ids are repo ids."""

JOINED: tuple[str, ...] = (
    "vl", "coder", "omni", "math", "audio", "embedding", "reranker", "air", "flash", "instruct", "thinking", "next",
    "turbo", "asr", "tts", "ocr",
)
"""Words written on to a version."""

LAB: frozenset[str] = frozenset({"c4ai", "meta", "nvidia"})
"""Labs put these before some names of their own."""

TUNING: frozenset[str] = frozenset({"chat", "hf", "instruct", "it"})
"""People leave these out of a name and mean the same model."""

EDITIONS: frozenset[str] = frozenset({"terminus", "v01", "v1"})
"""These count as a date does."""

TIER: frozenset[str] = frozenset({
    "basic", "cheaper", "cloud", "exacto", "extended", "fast", "floor", "free", "highspeed", "instant", "lora", "maas",
    "nitro", "precision", "tee", "tput", "ultraspeed", "versatile",
})
"""How a host serves a model."""

TIER_OF_TUNED: frozenset[str] = frozenset({"lite", "turbo"})
"""The same behind a tuning word or a date."""

OTHER_MODEL: frozenset[str] = frozenset({
    "abliterated", "airx", "asr", "audio", "base", "captioner", "classifier", "code", "coder", "distill", "distilled",
    "draft", "eagle", "edit", "embed", "embedding", "embeddings", "exp", "flash", "flashx", "fp4", "guard", "guardian",
    "image", "kontext", "lite", "math", "medical", "mini", "moe", "multimodal", "nano", "ocr", "omni", "prm", "pro",
    "prover", "realtime", "reasoner", "reasoning", "rerank", "reranker", "reward", "safeguard", "speciale",
    "speculator", "speech", "sqlcoder", "text", "thinking", "tts", "turbo", "ultra", "uncensored", "unsupervised",
    "vision", "vl", "zero",
})
"""These make another model of a name."""

SIZE_WORDS: frozenset[str] = frozenset({"big", "large", "medium", "small", "tiny"})
"""Sizes in words, which name no family."""

FORMS: dict[str, str] = {
    "moe": "sparse", "dense": "dense", "tts": "text-to-speech", "speech": "text-to-speech", "asr": "speech-to-text",
    "stt": "speech-to-text", "transcribe": "speech-to-text", "rerank": "rerank", "reranker": "rerank",
    "reranking": "rerank", "embed": "embed", "embedding": "embed", "embeddings": "embed", "vision": "vision",
    "vl": "vision", "visual": "vision", "multimodal": "vision", "vlm": "vision", "image": "text-to-image",
    "diffusion": "text-to-image", "video": "text-to-video", "instruct": "chat", "chat": "chat",
    "thinking": "reasoning", "reasoning": "reasoning", "think": "reasoning",
}
"""They say what a model is, also where its name does not."""

SHORTS: dict[str, str] = {
    "l3": "llama 3", "l3.1": "llama 3.1", "l3.2": "llama 3.2", "l3.3": "llama 3.3", "l4": "llama 4",
    "mn": "mistral nemo", "ds": "deepseek", "cmdr": "command r", "oss": "gpt oss", "sd": "stable diffusion",
    "ms": "mistral small",
}
"""How people shorten a family."""

LATEST: dict[str, str] = {
    "qwen3": "8b", "qwen2.5": "7b", "qwen2": "7b", "qwen2.5-coder": "7b", "qwen3-coder": "30b", "qwen2.5vl": "7b",
    "qwen3-vl": "8b", "qwen3-embedding": "8b", "llama3.3": "70b", "llama3.2": "3b", "llama3.1": "8b", "llama3": "8b",
    "llama2": "7b", "llama3.2-vision": "11b", "codellama": "7b", "gemma3": "4b", "gemma2": "9b", "gemma": "7b",
    "phi4": "14b", "phi3": "3.8b", "phi3.5": "3.8b", "mistral": "7b", "mistral-nemo": "12b", "mistral-small": "24b",
    "mixtral": "8x7b", "deepseek-coder-v2": "16b", "gpt-oss": "20b", "qwq": "32b", "smollm2": "1.7b",
    "granite3.3": "8b", "granite3.2": "8b", "granite3.1-dense": "8b", "olmo2": "7b", "falcon3": "7b",
    "starcoder2": "3b", "codegemma": "7b", "exaone-deep": "7.8b", "aya-expanse": "8b", "hermes3": "8b",
    "command-r": "35b", "devstral": "24b", "magistral": "24b", "cogito": "8b", "yi": "6b", "vicuna": "7b",
    "gemma4": "e4b", "qwen3.6": "35b-a3b", "embeddinggemma": "300m", "llava": "7b",
}
"""Families of Ollama, and the size that their `latest` is."""

PROSE: frozenset[str] = frozenset({
    "a", "at", "hybrid", "in", "local", "locally", "model", "models", "my", "of", "on", "parameter", "parameters",
    "params", "quant", "quantised", "quantized", "quants", "running", "the", "to", "using", "version", "weights",
    "with",
})
"""People say these around a name in a sentence; no name has them."""

ORDERS: dict[str, str] = {
    "big": "largest", "biggest": "largest", "largest": "largest", "huge": "largest", "smallest": "smallest",
    "latest": "newest", "newest": "newest", "small": "smallest",
}
"""An order among models."""

QUANTIZATION: dict[str, str] = {
    "fp32": "FP32", "bf16": "BF16", "fp16": "FP16", "f16": "FP16", "fp8": "FP8", "mxfp8": "FP8", "int8": "INT8",
    "w8a8": "INT8", "w8a16": "INT8", "8bit": "INT8", "int4": "INT4", "4bit": "INT4", "w4a16": "INT4", "w4a8": "INT4",
    "fp4": "FP4", "mxfp4": "MXFP4", "nvfp4": "NVFP4", "awq": "AWQ", "gptq": "GPTQ",
}
"""How weights are stored."""

QUANTIZATION_SPELLINGS: dict[str, str] = {
    "F16": "FP16", "FLOAT16": "FP16", "F32": "FP32", "FLOAT32": "FP32", "BFLOAT16": "BF16", "MXFP8": "FP8",
    "8BIT": "INT8", "W8A8": "INT8", "W8A16": "INT8", "GPTQ-INT8": "INT8", "4BIT": "INT4", "W4A16": "INT4",
    "W4A8": "INT4", "GPTQ-INT4": "GPTQ", "AWQ-INT4": "AWQ",
}
"""Catalogs' spellings of the same."""

STORAGE: frozenset[str] = frozenset({
    "2bit", "3bit", "5bit", "6bit", "autoround", "bnb", "cpp", "ctranslate2", "dynamic", "e4m3", "e4m3fn", "e5m2",
    "emaonly", "gguf", "imatrix", "mlx", "mtp", "onnx", "openvino", "pertensor", "pruned", "qat", "quantised",
    "quantized", "quants", "scaled", "static", "ud", "unsloth",
})
"""About how weights are stored, without saying in what."""

GGUF_SIZES: frozenset[str] = frozenset({"0", "1", "k", "l", "m", "nl", "s", "xl", "xs", "xxs"})
"""Behind a quantization of GGUF."""

BEHIND_QUANTIZATION: frozenset[str] = frozenset({"moe"})
"""Behind any other quantization."""

REPO_SUFFIXES: tuple[str, ...] = (
    "fp8", "bf16", "fp16", "fp4", "mxfp4", "mxfp8", "nvfp4", "awq", "gptq", "int4", "int8", "gptq-int4", "gptq-int8",
    "w8a8", "w8a8c8", "w4a8", "w4a16", "mtp", "gguf", "fp8-dynamic", "fp8-static-pertensor", "4bit", "8bit",
)
"""Repos of a model in another form end so."""

RECIPE_STORAGE: frozenset[str] = frozenset({
    "a", "block", "ct", "mobile", "qad", "qat", "quantized", "w4a4",
})
"""More of them, in the repos of recipes."""

TASK_SIGNS: tuple[tuple[Task, frozenset[str]], ...] = (
    ("rerank", frozenset({"rerank", "reranker", "reranking"})),
    ("embed", frozenset({
    "bge", "e5", "embed", "embedding", "embeddinggemma", "embeddings", "gte",
})),
    ("speech-to-text", frozenset({"asr", "parakeet", "scribe", "transcribe", "whisper"})),
    ("text-to-speech", frozenset({"cosyvoice", "speech", "tts"})),
)
"""In a name: what the model is for."""

TAG_SIGNS: tuple[tuple[str, frozenset[str]], ...] = (
    ("coding", frozenset({
    "code", "codegemma", "codellama", "coder", "codestral", "codex", "coding", "devstral", "mellum", "sqlcoder",
    "starcoder",
})),
    ("reasoning", frozenset({
    "magistral", "qvq", "qwq", "r1", "reasoner", "reasoning", "think", "thinking",
})),
    ("vision", frozenset({
    "4.5v", "4.6v", "internvl", "llava", "multimodal", "ocr", "pixtral", "vision", "vl", "vlm",
})),
    ("image-editing", frozenset({"edit", "editing", "kontext"})),
    ("ocr", frozenset({"ocr"})),
    ("roleplay", frozenset({
    "anubis", "cydonia", "euryale", "fimbulvetr", "lumimaid", "lunaris", "magidonia", "magnum", "mythomax", "noromaid",
    "psyfighter", "rocinante", "skyfall", "stheno", "tiefighter", "unslop", "unslopnemo", "wayfarer",
})),
)
"""In a name: a tag for searches."""

OUTPUT_TASKS: dict[str, Task] = {
    "video": "text-to-video", "image": "text-to-image", "audio": "text-to-speech",
}
"""By what a model puts out."""

HUGGINGFACE_TASKS: dict[str, Task] = {
    "text-generation": "chat", "image-text-to-text": "chat", "any-to-any": "chat", "feature-extraction": "embed",
    "sentence-similarity": "embed", "text-ranking": "rerank", "automatic-speech-recognition": "speech-to-text",
    "text-to-speech": "text-to-speech", "text-to-image": "text-to-image", "text-to-video": "text-to-video",
}
"""The hub's words for tasks."""

HUGGINGFACE_SEES: frozenset[str] = frozenset({"any-to-any", "image-text-to-text"})
"""Those of models that take images."""

GPUSTACK_TASKS: dict[str, Task] = {
    "llm": "chat", "embedding": "embed", "reranker": "rerank", "image": "text-to-image",
    "text_to_speech": "text-to-speech", "speech_to_text": "speech-to-text",
}
"""GPUStack's words for tasks."""

RECIPE_TASKS: dict[str, Task] = {
    "t2i": "text-to-image", "i2i": "text-to-image", "t2v": "text-to-video", "i2v": "text-to-video",
    "ti2v": "text-to-video", "t2a": "text-to-speech",
}
"""The recipes' words for tasks."""
