"""Ends that do not depend on the backend: the words are CUDA's, PyTorch's, Transformers' or the system's."""

from __future__ import annotations

from modelscan.backends.diagnosis import Cause, cause

_SMALLER = "deploy again with a smaller --context-length, a lower --max-concurrency or another --quantization"

MEMORY: tuple[Cause, ...] = (
    cause(
        r"(CUDA|HIP) out of memory|OutOfMemoryError|cudaErrorMemoryAllocation",
        "the GPU ran out of memory",
        _SMALLER,
        "modelscan gpu",
    ),
    cause(
        r"can't allocate memory|Cannot allocate memory|DefaultCPUAllocator|\bMemoryError\b",
        "the machine ran out of memory",
        _SMALLER,
    ),
    cause(r"No space left on device", "a disk or the shared memory is full", "df -h", "df -h /dev/shm"),
)

MACHINE: tuple[Cause, ...] = (
    cause(
        r"[Aa]ddress already in use|Errno 98",
        "the port is taken by another program",
        "deploy again with another --port",
    ),
    cause(
        r"NVIDIA driver on your system is too old|CUDA driver version is insufficient|provided PTX was compiled with an unsupported toolchain",
        "the NVIDIA driver is too old for this build of the backend",
        "update the driver, or deploy again with an older --backend-version",
        "modelscan doctor",
    ),
    cause(
        r"no kernel image is available for execution|is not compatible with the current PyTorch installation",
        "this build of the backend has no code for this GPU",
        "deploy again with another --backend or --backend-version",
    ),
    cause(
        r"No CUDA GPUs are available|Failed to infer device type|no NVIDIA driver|CUDA_ERROR_NO_DEVICE",
        "the backend sees no GPU",
        "modelscan gpu",
        "modelscan doctor",
    ),
    cause(
        r"(CUDA error|HIP error): (?!out of memory)(?P<what>[^\n.]{3,80})",
        "the GPU reported an error: {what}",
        "modelscan doctor",
    ),
    cause(
        r"NCCL error|ncclSystemError|ncclUnhandledCudaError|ncclInternalError|ncclRemoteError|DistBackendError",
        "the GPUs could not talk to one another (NCCL)",
        "deploy again with --tensor-parallel 1, or with --env NCCL_P2P_DISABLE=1",
    ),
    cause(
        r"libnuma|(?P<library>lib[\w.+-]+\.so[\w.]*): cannot open shared object file",
        "a library is missing: {library}",
        "modelscan doctor",
    ),
)

WEIGHTS: tuple[Cause, ...] = (
    cause(
        r"GatedRepoError|[Aa]ccess to model .+ is restricted|gated repo",
        "the weights are gated: their licence must be accepted first",
        "accept the licence on the page of the repo, then: modelscan login",
    ),
    cause(
        r"401 Client Error|Invalid (username or password|user token)|RepositoryNotFoundError",
        "the hub does not know the repo, or not this user",
        "check the name of the repo, or: modelscan login",
    ),
    cause(
        r"LocalEntryNotFoundError|outgoing traffic has been disabled|cannot find the requested files in the (local|disk) cache|We couldn't connect to",
        "files of the weights are missing and the backend may not fetch them",
        "modelscan pull MODEL",
    ),
    cause(
        r"Cannot find any model weights|does not appear to have (a file named )?(files named|any files|pytorch_model|model\.safetensors|config\.json)|no file named (model|pytorch)",
        "the folder holds no weights that the backend can load",
        "modelscan show MODEL --weights",
    ),
    cause(
        r"HeaderTooLarge|InvalidHeaderDeserialization|MetadataIncompleteBuffer|incomplete metadata, file not fully covered",
        "a file of the weights is damaged",
        "modelscan pull MODEL",
    ),
    cause(
        r"trust_remote_code=True|--trust-remote-code|contains custom code which must be executed",
        "the model runs code of its own, which was not allowed",
        "read that code, then deploy again with --trust-remote-code",
    ),
    cause(
        r"Model architectures? \[?(?P<name>[^\]]+?)\]? (are|is) not supported|model type `?(?P<type>[\w.-]+)`? but Transformers does not recognize",
        "this version of the backend does not know the architecture {name}{type}",
        "deploy again with another --backend-version or --backend",
    ),
    cause(
        r"Unknown quantization method|[Qq]uantization method .{0,60} (is )?not supported|not supported for the current GPU|does not support quantization",
        "this GPU or this version of the backend cannot run the quantization",
        "deploy again with another --quantization",
    ),
    cause(
        r"[Bb]float16 is only supported on GPUs|dtype .{0,40} is not supported|torch_dtype .{0,40} not supported|does not support (bfloat16|float16|half)",
        "the device cannot compute in the chosen type",
        "deploy again with --dtype float16 or --dtype float32",
    ),
    cause(
        r"Couldn't instantiate the backend tokenizer|Can't load tokenizer|[Tt]okenizer class .+ does not exist|Failed to load the tokenizer|Unable to load vocabulary",
        "the tokenizer could not be loaded",
        "check that the weights hold a tokenizer.json",
    ),
    cause(
        r"User-specified max_model_len \((?P<asked>\d+)\) is greater than the derived max_model_len \([^=)]*=?(?P<limit>\d+)",
        "the context length {asked} is above the model's own limit of {limit}",
        "deploy again with --context-length {limit}",
        context_length="limit",
    ),
    cause(
        r"[Tt]otal number of attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size \((?P<size>\d+)\)",
        "{heads} attention heads cannot be divided among {size} GPUs",
        "deploy again with another --tensor-parallel",
    ),
    cause(
        r"ModuleNotFoundError: No module named '(?P<module>[^']+)'",
        "the environment of the backend lacks the module `{module}`",
        "modelscan doctor",
    ),
    cause(
        r"error: (unrecognized arguments|argument [^:]+|the following arguments are required|ambiguous option): ?(?P<rest>.+)",
        "the backend does not accept an argument: {rest}",
        "deploy again without that --backend-arg, or with another --backend-version",
    ),
)
