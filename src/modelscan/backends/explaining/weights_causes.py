"""Ends that lie in the weights: the words are Transformers', safetensors' or the hub's, or shared by the backends."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.explaining.diagnosis import Cause, Derived, cause

_FETCH_AGAIN = "modelscan deploy …"
_OTHER_WAYS = "modelscan plan … --alternatives 5"


def _divisor(groups: Mapping[str, str]) -> Derived:
    """The largest number of GPUs below the one that failed which divides the heads."""
    heads, size = int(groups["heads"]), int(groups["size"])
    return {"tensor_parallel": next(count for count in range(size, 0, -1) if heads % count == 0)}


WEIGHTS: tuple[Cause, ...] = (
    cause(
        ("GatedRepoError", "[Aa]ccess to model .+ is restricted", "gated repo"),
        "the weights are gated: their licence must be accepted first",
        "accept the licence on the page of the repo",
        "modelscan login huggingface",
        _FETCH_AGAIN,
    ),
    cause(
        (
            "401 Client Error",
            "RepositoryNotFoundError",
            "is not a valid model identifier",
            "Invalid repository ID or local directory specified",
        ),
        "the repo does not exist on the hub, or this user has no access",
        "modelscan login huggingface",
        "check the name of the repo",
    ),
    cause(
        (
            "LocalEntryNotFoundError",
            "outgoing traffic has been disabled",
            "cannot find the (requested|appropriate) .*(disk|local) cache",
            "[Ww]e couldn't connect to",
        ),
        "weights files are missing and the backend may not download them",
        _FETCH_AGAIN,
    ),
    cause(
        (
            "Cannot find any model weights",
            r"does not appear to have (a file named|files named|any files?) ?(pytorch_model|model\.|config\.json)?",
            r"[Nn]o file named (model|pytorch_model)\.",
        ),
        "the folder holds no weights that the backend can load",
        "check the folder that --source local_path names, or deploy again from the hub",
    ),
    cause(
        (
            "HeaderTooLarge",
            "HeaderTooSmall",
            "InvalidHeader",
            "MetadataIncompleteBuffer",
            "file not fully covered",
            "PytorchStreamReader failed",
        ),
        "a weights file is damaged or truncated",
        _FETCH_AGAIN,
    ),
    cause(
        (
            "setting `trust_remote_code=True`",
            "contains custom code which must be executed",
            "pass .*trust_remote_code=True",
            "requires you to execute .{0,40}(configuration|modeling) file",
        ),
        "the model needs to run its own code, which was not allowed",
        "read that code first, then: modelscan deploy … --trust-remote-code",
    ),
    cause(
        r"Model architectures? \['?(?P<name>[^\]']+)'?[^\]]*\] (are|is) not supported",
        "this version of the backend does not support the architecture `{name}`",
        _OTHER_WAYS,
        "modelscan backend list",
    ),
    cause(
        r"model type `(?P<name>[^`]+)` but Transformers does not recognize",
        "this version of the backend does not support the architecture `{name}`",
        _OTHER_WAYS,
        "modelscan backend list",
    ),
    cause(
        (
            r"[Qq]uantization (method|scheme) .{0,80}not supported for the current GPU\. .{0,20}capability: \d+",
            r"type fp8\w+ not supported in this architecture",
        ),
        "this GPU is too old for the quantization of the weights",
        _OTHER_WAYS,
    ),
    cause(
        (
            "Unknown quantization method",
            "[Qq]uantization method .{0,80}not supported",
            "[Qq]uantization scheme .{0,80}not supported",
            "[Qq]uantization .{0,40}not supported (for|on)",
            r"Quantization method specified in the model config \([\w-]+\) does not match",
        ),
        "this GPU or this version of the backend cannot run the quantization",
        _OTHER_WAYS,
    ),
    cause(
        "[Bb]float16 is only supported on",
        "this GPU does not support bfloat16",
        "modelscan deploy … --dtype float16",
    ),
    cause(
        ("dtype .{0,60}not supported", "float(16|32) is not supported"),
        "the weights cannot run in the chosen dtype",
        "modelscan deploy … --dtype float16",
        "modelscan deploy … --dtype float32",
    ),
    cause(
        (
            "default chat template is no longer allowed",
            "chat_template is not set",
            "Cannot use chat template functions",
        ),
        "the weights come without a chat template, so the model can complete a text but not chat",
        "modelscan plan …",
        "take the weights that end in -Instruct or -it, or use /v1/completions",
    ),
    cause(
        (
            "Couldn't instantiate the backend tokenizer",
            "Can't load (the )?tokenizer",
            "Tokenizer class .+ does not exist",
            "Failed to load the tokenizer",
            "data did not match any variant of untagged enum",
        ),
        "the tokenizer could not be loaded",
        "check that the weights come with a tokenizer.json",
        "modelscan backend list",
    ),
    cause(
        (
            "Can't load the configuration of",
            r"config\.json.{0,40}is not a valid JSON",
            r"Should have a `model_type` key",
            r"(rope_scaling|rope_parameters).{0,60}(must|should) ",
        ),
        "the config.json of the weights cannot be read by this version of the backend",
        "modelscan backend list",
        _FETCH_AGAIN,
    ),
    cause(
        r"attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size \((?P<size>\d+)\)",
        "{heads} attention heads cannot be split over {size} GPUs",
        "modelscan deploy … --tensor-parallel {tensor_parallel}",
        derive=_divisor,
    ),
    cause(
        (r"\b(?P<heads>\d{1,6}) is not divisible by (?P<size>\d+)", r"not divisible by tp"),
        "a part of the model cannot be split over that many GPUs",
        "modelscan deploy … --tensor-parallel 1",
    ),
    cause(
        (
            r"(?P<package>flash_attn) seems to be not installed",
            r"No module named '(?P<package2>flash_attn)\w*'",
            r"This modeling file requires .{0,80}?(?P<package3>flash_attn)",
        ),
        "the model's own code needs the package `flash_attn`, which the backend's environment lacks",
        _OTHER_WAYS,
    ),
    cause(
        r"Failed to load plugin (?P<plugin>[\w.-]+)",
        "the plugin `{plugin}` of the backend could not be loaded",
        "modelscan backend list",
        "modelscan doctor",
    ),
    cause(
        r"^ModuleNotFoundError: No module named '(?P<module>[^']+)'",
        "the environment of the backend lacks the module `{module}`",
        "modelscan doctor",
        "modelscan backend list",
    ),
    cause(
        r"error: (?P<what>(unrecognized arguments|argument|ambiguous option|the following arguments are required).+)",
        "the backend does not accept its arguments: {what}",
        "deploy again without --backend-arg, or with another --backend-version",
    ),
)
