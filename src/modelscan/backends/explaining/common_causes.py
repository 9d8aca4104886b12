"""Ends that do not depend on the backend: the words are CUDA's, PyTorch's, NCCL's, the compilers' or the system's.

`modelscan deploy …` in a hint stands for the command that made the deployment, `HALF` for half its context length.
"""

from __future__ import annotations

from modelscan.backends.explaining.diagnosis import Cause, cause

_OTHER_WAYS = "modelscan plan … --alternatives 5"

MEMORY: tuple[Cause, ...] = (
    cause(
        ("(CUDA|HIP) out of memory", "OutOfMemoryError", "CUDA error: out of memory", "cudaErrorMemoryAllocation"),
        "the GPU ran out of memory",
        "modelscan gpu",
        "modelscan deploy … --context-length HALF",
        _OTHER_WAYS,
    ),
    # NCCL: "Error while creating shared memory segment /dev/shm/nccl-…" (vllm-project/vllm #6574); PyTorch: "unable to
    # open shared memory object", "insufficient shared memory (shm)".
    cause(
        (
            "[Ee]rror while creating shared memory segment",
            r"insufficient shared memory \(shm\)",
            "unable to (open|write to|allocate) shared memory",
            r"ncclShm\w+",
            r"/dev/shm.*No space left",  # noqa: S108  words of a log
        ),
        "the shared memory in /dev/shm is too small for the processes of the backend",
        "df -h /dev/shm",
        "in a container: docker run --ipc=host, or --shm-size=16g",
    ),
    cause(
        ("[Cc]an(no|')t allocate memory", r"\bMemoryError\b", "DefaultCPUAllocator", "std::bad_alloc"),
        "the machine ran out of memory",
        "modelscan deploy … --context-length HALF",
        _OTHER_WAYS,
    ),
    cause(
        ("No space left on device", r"\[Errno 28\]", "Disk quota exceeded"),
        "a disk or the shared memory is full",
        "df -h",
        "df -h /dev/shm",
    ),
)

MACHINE: tuple[Cause, ...] = (
    cause(
        ("[Aa]ddress already in use", "address in use"),
        "the port is already in use by another program",
        "ss -ltnp",
        "deploy again with another --port",
    ),
    cause(
        (
            r"driver on your system is too old(?: \(found version (?P<found>\d+)\))?",
            "driver version is insufficient",
            "compiled with an unsupported toolchain",
            "forward compatibility was attempted on non supported HW",
        ),
        "the NVIDIA driver is too old for this build of the backend",
        "nvidia-smi",
        "update the driver, or deploy again with an older --backend-version",
    ),
    cause(
        (
            "no kernel image is available",
            "is not compatible with the current PyTorch installation",
            "PyTorch no longer supports this GPU",
            "device kernel image is invalid",
        ),
        "this build of the backend does not support this GPU",
        "modelscan gpu",
        _OTHER_WAYS,
    ),
    cause(
        (
            r"version `(?P<symbol>GLIBC(XX)?_[\d.]+)' not found",
            r"(?P<symbol2>CXXABI_[\d.]+)' not found",
        ),
        "this system's C or C++ library is older than the backend was built for: it lacks {symbol}{symbol2}",
        "ldd --version",
        "use a newer Linux (Ubuntu 22.04, Debian 12, RHEL 9 or later), or a container of one",
    ),
    cause(
        r"undefined symbol: (?P<symbol>\w{3,})",
        "the backend's compiled code does not fit its PyTorch: it lacks `{symbol}`",
        "modelscan doctor",
        "modelscan backend list",
    ),
    cause(
        (
            "No CUDA GPUs are available",
            "Failed to infer device type",
            "Found no NVIDIA driver",
            "no CUDA-capable device",
            "No HIP GPUs are available",
        ),
        "the backend sees no GPU",
        "modelscan gpu",
        "modelscan doctor",
    ),
    cause(
        (
            "peer access is not supported",
            "[Pp]2[Pp] .{0,40}(failed|not supported)",
            "cudaIpc\\w+ .{0,40}(failed|error)",
        ),
        "the GPUs cannot access each other's memory (P2P)",
        "modelscan deploy … --env NCCL_P2P_DISABLE=1 --backend-arg=--disable-custom-all-reduce",
        "modelscan deploy … --tensor-parallel 1",
    ),
    cause(
        (
            r"Watchdog caught collective operation timeout",
            r"DistStoreError|DistNetworkError",
            r"timed out .{0,60}(rendezvous|init_process_group|all_?reduce)",
        ),
        "communication between the GPUs timed out (NCCL)",
        "modelscan deploy … --env NCCL_P2P_DISABLE=1",
        "modelscan deploy … --tensor-parallel 1",
    ),
    cause(
        ("NCCL error", "nccl[A-Z][A-Za-z]+Error", "DistBackendError"),
        "communication between the GPUs failed (NCCL)",
        "modelscan deploy … --env NCCL_P2P_DISABLE=1",
        "modelscan deploy … --tensor-parallel 1",
    ),
    cause(
        (
            "Failed to find C(\\+\\+)? compiler",
            "No such file or directory: '(gcc|g\\+\\+|cc|c\\+\\+|clang)'",
            "InvalidCxxCompiler",
        ),
        "a C compiler is missing, which the backend needs to build its kernels",
        "sudo apt-get install --yes gcc g++",
        "modelscan deploy … --enforce-eager",
    ),
    cause(
        r"Python\.h: No such file or directory",
        "the headers of Python are missing, which the backend needs to build its kernels",
        "sudo apt-get install --yes python3-dev",
    ),
    cause(
        (r"Ninja is required", "No such file or directory: 'ninja'"),
        "the build tool ninja is missing, which the backend needs to build its kernels",
        "sudo apt-get install --yes ninja-build",
    ),
    cause(
        (
            "nvcc: (command )?not found",
            "Could not find nvcc",
            "No such file or directory: '[^']*nvcc'",
            "CUDA_HOME .{0,40}not set",
        ),
        "the CUDA compiler nvcc is missing, which the backend needs to build its kernels",
        "nvcc --version",
        "install the CUDA toolkit that matches the driver (see nvidia-smi)",
    ),
    cause(
        r"(PermissionError: \[Errno 13\]|[Pp]ermission denied).{0,4}['\"](?P<path>[^'\"]+)['\"]",
        "permission denied for `{path}`",
        "ls -ld '{path}'",
    ),
    cause(
        r"PermissionError: \[Errno 13\]|Permission denied",
        "permission denied for a file",
        "modelscan doctor",
    ),
    cause(r"(CUDA|HIP) error: (?P<what>[^.]{3,80})", "the GPU reported an error: {what}", "modelscan doctor"),
    cause(
        r"(?P<library>lib[\w.+-]{1,60}\.so[\w.]{0,20}): cannot open shared object file",
        "the library `{library}` is missing",
        "modelscan doctor",
    ),
)
