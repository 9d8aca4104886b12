"""The words and file names by which forms of weights are known that no backend loads. Data, with sources."""

from __future__ import annotations

from collections.abc import Mapping

# What stands in place of a large file: how it begins, what it is, and what to do in a folder and elsewhere.
# git-lfs: docs/spec.md ("The Pointer"); git-xet: "# xet version"; huggingface_hub's cache links `snapshots/` to
# `blobs/`, and a copy through a system without links leaves the text of the link.
POINTERS: tuple[tuple[bytes, str, str, str], ...] = (
    (
        b"version https://git-lfs.github.com/spec/",
        "git-lfs pointers instead of the files",
        "git lfs pull, in that folder (or: modelscan pull OWNER/NAME)",
        "ask its owner to upload the files themselves",
    ),
    (
        b"# xet version",
        "Xet pointers instead of the files",
        "git xet checkout, in that folder (or: modelscan pull OWNER/NAME)",
        "ask its owner to upload the files themselves",
    ),
    (
        b"../../blobs/",
        "the text of links instead of the files",
        "copy the cache with its links followed: cp -rL (or: modelscan pull OWNER/NAME)",
        "upload the files that the links point to",
    ),
    (
        b"<!DOCTYPE html",
        "web pages instead of the files",
        "download it again, with a login where it needs one: modelscan pull OWNER/NAME",
        "ask its owner to upload the files themselves",
    ),
    (
        b"<html",
        "web pages instead of the files",
        "download it again, with a login where it needs one: modelscan pull OWNER/NAME",
        "ask its owner to upload the files themselves",
    ),
)

# Checkpoints as training writes them: names, what they are, how they become weights.
# PyTorch: torch.distributed.checkpoint; accelerate 1.x: `pytorch_model_fsdp_0/`; DeepSpeed: `zero_to_fp32.py`;
# Megatron-LM: `mp_rank_00/model_optim_rng.pt`.
TRAINING: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("*.distcp", "pytorch_model_fsdp*", "*/pytorch_model_fsdp*", "*__shard_*.pt"),
        "an FSDP checkpoint in pieces",
        "merge it first: accelerate merge-weights CHECKPOINT OUTPUT",
    ),
    (
        ("*zero_pp_rank_*", "*mp_rank_*_model_states.pt", "*bf16_zero_pp_rank_*"),
        "a DeepSpeed checkpoint in pieces",
        "merge it first: python zero_to_fp32.py . OUTPUT --safe_serialization",
    ),
    (
        ("*mp_rank_*/model_optim_rng.pt", "*/model_optim_rng.pt", "latest_checkpointed_iteration.txt"),
        "a Megatron checkpoint",
        "convert it to Hugging Face's format first, with the converter of the program that trained it",
    ),
)

# Other programs' weights.
NOT_LOADED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("*.nemo",), "a NeMo archive"),
    (("*.engine", "*.plan"), "a TensorRT engine"),
    (("*.onnx", "*.onnx_data"), "ONNX files"),
    (("openvino_model.xml", "openvino_model.bin", "openvino/*"), "OpenVINO files"),
    (("*.tflite", "*.task", "*.litertlm"), "LiteRT files"),
    (("*.mlmodel", "*.mlpackage/*", "*.mlmodelc/*"), "Core ML files"),
    (("*.msgpack",), "Flax weights"),
    (("*.h5",), "TensorFlow weights"),
    (("*.ckpt", "*.pth"), "PyTorch checkpoints of another form"),
    (("*.llamafile",), "a llamafile"),
    (("ggml-*", "*.ggml"), "GGML files, the form before GGUF"),
    (("*.npz",), "NumPy archives"),
    (("*.mlc", "mlc-chat-config.json", "ndarray-cache.json"), "weights compiled for MLC"),
    (("*.parquet", "*.arrow"), "a data set"),
)

# What a program that quantizes for one kind of device leaves beside the weights: a name, the program, the devices.
# vllm-ascend: quantization/modelslim_config.py.
OTHER_DEVICES: tuple[tuple[str, str, str], ...] = (("quant_model_description*.json", "msModelSlim", "Ascend NPUs"),)

# Classes and types of drafters for speculative decoding, in lower case (vLLM 0.33.0, model_executor/models/registry.py,
# `_SPECULATIVE_DECODING_MODELS`, and config/speculative.py for Gemma's assistants; the speculators library). `Eagle`
# alone is no such word: NVIDIA's Eagle2.5 is a model.
DRAFTING: tuple[str, ...] = (
    *("eagle*forcausallm", "peagle*", "*forcausallmeagle*", "eagle", "eagle3", "medusa", "medusamodel"),
    *("mlpspeculator*", "mlp_speculator", "*mtpmodel", "*mtp", "*dflash*", "*dspark*model", "*draftmodel", "*dspark"),
    *("*assistantmodel", "*_assistant", "extracthiddenstatesmodel"),
)

# Methods of `quantization_config` that only other programs read (transformers 5.23, quantizers/auto.py).
FOREIGN_METHODS: Mapping[str, str] = {
    "exl2": "ExLlamaV2",
    "exl3": "ExLlamaV3",
    "aqlm": "the aqlm library in transformers",
    "quip": "the QuIP# code",
    "higgs": "the flute kernels in transformers",
    "vptq": "the vptq library",
    "eetq": "transformers with EETQ",
    "quanto": "transformers with quanto",
    "spqr": "transformers with SpQR",
    "hqq": "transformers with HQQ",
    "bitnet": "transformers and bitnet.cpp",
    "fouroversix": "transformers with FourOverSix",
    "sinq": "transformers with SINQ",
    "ascend": "Ascend NPUs",
}

# The methods that a backend here reads, or a plugin of one (vLLM 0.33.0, layers/quantization/__init__.py, and what its
# configs rename; SGLang 0.5.23, layers/quantization/__init__.py).
KNOWN_METHODS: frozenset[str] = frozenset(
    {
        *("awq", "auto_awq", "awq_marlin", "gptq", "auto_gptq", "gptq_marlin", "gptq_bitblas", "marlin", "moe_wna16"),
        *("auto-round", "auto_round", "autoround", "inc", "compressed-tensors", "compressed_tensors", "sparseml"),
        *("fp8", "fbgemm_fp8", "deepseek_v4_fp8", "w8a8_fp8", "w4afp8", "mxfp8", "fp_quant", "humming", "quark"),
        *("modelopt", "modelopt_fp4", "modelopt_fp8", "modelopt_mxfp8", "modelopt_mixed", "petit_nvfp4", "nvfp4"),
        *("mxfp4", "gpt_oss_mxfp4", "w8a8_int8", "blockwise_int8", "experts_int8", "qoq", "torchao", "online"),
        *("bitsandbytes", "bnb", "bitsandbytes_4bit", "bitsandbytes_8bit", "gguf"),
    }
)

# What names of repos and of their owners (`mlx-community`) say of such forms, where the repo itself cannot be read.
NAMED: Mapping[str, str] = {
    "mlx": "MLX",
    "exl2": "EXL2",
    "exl3": "EXL3",
    "onnx": "ONNX",
    "openvino": "OpenVINO",
    "coreml": "Core ML",
}
