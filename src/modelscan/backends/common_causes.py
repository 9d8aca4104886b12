"""Ends that do not depend on the backend: the words are CUDA's, PyTorch's, Transformers' or the system's."""

from __future__ import annotations

from modelscan.backends.diagnosis import Cause, cause

_SMALLER = "deploy again with a smaller --context-length, a lower --max-concurrency or another --quantization"

MEMORY: tuple[Cause, ...] = (
    cause(
        ("(CUDA|HIP) out of memory", "OutOfMemoryError", "CUDA error: out of memory", "cudaErrorMemoryAllocation"),
        "the GPU ran out of memory",
        _SMALLER,
        "modelscan gpu",
    ),
    cause(
        ("[Cc]an(no|')t allocate memory", r"\bMemoryError\b", "DefaultCPUAllocator"),
        "the machine ran out of memory",
        _SMALLER,
    ),
    cause("No space left on device", "a disk or the shared memory is full", "df -h", "df -h /dev/shm"),
)

MACHINE: tuple[Cause, ...] = (
    cause(
        ("[Aa]ddress already in use", "address in use"),
        "the port is taken by another program",
        "deploy again with another --port",
    ),
    cause(
        (
            "driver on your system is too old",
            "driver version is insufficient",
            "compiled with an unsupported toolchain",
        ),
        "the NVIDIA driver is too old for this build of the backend",
        "update the driver, or deploy again with an older --backend-version",
        "modelscan doctor",
    ),
    cause(
        ("no kernel image is available", "is not compatible with the current PyTorch installation"),
        "this build of the backend has no code for this GPU",
        "deploy again with another --backend or --backend-version",
    ),
    cause(
        (
            "No CUDA GPUs are available",
            "Failed to infer device type",
            "Found no NVIDIA driver",
            "no CUDA-capable device",
        ),
        "the backend sees no GPU",
        "modelscan gpu",
        "modelscan doctor",
    ),
    cause(
        ("NCCL error", "nccl[A-Z][A-Za-z]+Error", "DistBackendError"),
        "the GPUs could not talk to one another (NCCL)",
        "deploy again with --tensor-parallel 1",
        "deploy again with --env NCCL_P2P_DISABLE=1",
    ),
    cause(r"(CUDA|HIP) error: (?P<what>[^.]{3,80})", "the GPU reported an error: {what}", "modelscan doctor"),
    cause(
        r"(?P<library>lib[\w.+-]+\.so[\w.]*): cannot open shared object file",
        "the library `{library}` is missing",
        "modelscan doctor",
    ),
)

WEIGHTS: tuple[Cause, ...] = (
    cause(
        ("GatedRepoError", "[Aa]ccess to model .+ is restricted", "gated repo"),
        "the weights are gated: their licence must be accepted first",
        "accept the licence on the page of the repo and set HF_TOKEN",
    ),
    cause(
        ("401 Client Error", "RepositoryNotFoundError", "is not a valid model identifier"),
        "the hub does not know the repo, or not this user",
        "check the name of the repo and HF_TOKEN",
    ),
    cause(
        (
            "LocalEntryNotFoundError",
            "outgoing traffic has been disabled",
            "cannot find the (requested|appropriate) .*(disk|local) cache",
            "[Ww]e couldn't connect to",
        ),
        "files of the weights are missing and the backend may not fetch them",
        "deploy again while the hub can be reached: what is missing or damaged is fetched",
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
        ("HeaderTooLarge", "HeaderTooSmall", "InvalidHeader", "MetadataIncompleteBuffer", "file not fully covered"),
        "a file of the weights is damaged",
        "deploy again while the hub can be reached: what is missing or damaged is fetched",
    ),
    cause(
        (
            "setting `trust_remote_code=True`",
            "contains custom code which must be executed",
            "pass .*trust_remote_code=True",
        ),
        "the model runs code of its own, which was not allowed",
        "read that code, then deploy again with --trust-remote-code",
    ),
    cause(
        r"Model architectures? \['?(?P<name>[^\]']+)'?[^\]]*\] (are|is) not supported",
        "this version of the backend does not know the architecture `{name}`",
        "deploy again with another --backend-version or --backend",
    ),
    cause(
        r"model type `(?P<name>[^`]+)` but Transformers does not recognize",
        "this version of the backend does not know the architecture `{name}`",
        "deploy again with another --backend-version or --backend",
    ),
    cause(
        (
            "Unknown quantization method",
            "[Qq]uantization method .{0,80}not supported",
            "[Qq]uantization .{0,40}not supported (for|on)",
        ),
        "this GPU or this version of the backend cannot run the quantization",
        "deploy again with another --quantization",
    ),
    cause(
        ("[Bb]float16 is only supported on", "dtype .{0,60}not supported", "float(16|32) is not supported"),
        "the weights cannot be computed in the chosen type",
        "deploy again with --dtype float16 or --dtype float32",
    ),
    cause(
        (
            "Couldn't instantiate the backend tokenizer",
            "Can't load (the )?tokenizer",
            "Tokenizer class .+ does not exist",
            "Failed to load the tokenizer",
        ),
        "the tokenizer could not be loaded",
        "check that the weights come with a tokenizer.json",
    ),
    cause(
        r"attention heads \((?P<heads>\d+)\) must be divisible by tensor parallel size \((?P<size>\d+)\)",
        "{heads} attention heads cannot be divided among {size} GPUs",
        "deploy again with another --tensor-parallel",
    ),
    cause(
        r"^ModuleNotFoundError: No module named '(?P<module>[^']+)'",
        "the environment of the backend lacks the module `{module}`",
        "modelscan doctor",
    ),
    cause(
        r"error: (?P<what>(unrecognized arguments|argument|ambiguous option|the following arguments are required).+)",
        "the backend does not accept its arguments: {what}",
        "deploy again without --backend-arg, or with another --backend-version",
    ),
)
