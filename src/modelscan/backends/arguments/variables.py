"""Environment variables that a backend may be given: exact names, its own and those of the libraries that all share.

What a file or a catalog says passes these lists only. What a person types may go beyond them where the person has said
so (`allowed`), but never take the devices, the tags or a secret. Sources of the names: the references of OpenMP, MKL,
PyTorch, Transformers, huggingface_hub, CUDA, NCCL, ROCm and RCCL; left out is what names files, folders, programs,
libraries, network interfaces or addresses (`TORCH_LOGS_OUT` appends to any file, `OMP_TOOL_LIBRARIES` loads code).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from modelscan.backends.arguments.secrets import holds_secret
from modelscan.errors import Usage
from modelscan.parsing.regex import regex

_NAMES = """
    AITER_ONLINE_TUNE CUBLAS_WORKSPACE_CONFIG CUDA_AUTO_BOOST CUDA_DEVICE_MAX_CONNECTIONS CUDA_LAUNCH_BLOCKING
    CUDA_MODULE_LOADING FLASHINFER_DISABLE_VERSION_CHECK GPU_MAX_HW_QUEUES
    HF_HUB_DISABLE_PROGRESS_BARS HF_HUB_DISABLE_TELEMETRY HF_HUB_DISABLE_XET HF_HUB_DOWNLOAD_TIMEOUT
    HF_HUB_ENABLE_HF_TRANSFER HF_HUB_ETAG_TIMEOUT HF_HUB_OFFLINE HF_HUB_VERBOSITY HIP_FORCE_DEV_KERNARG
    HIP_LAUNCH_BLOCKING HSA_ENABLE_SDMA HSA_NO_SCRATCH_RECLAIM HSA_OVERRIDE_GFX_VERSION HSA_XNACK KMP_AFFINITY
    KMP_BLOCKTIME MIOPEN_FIND_ENFORCE MIOPEN_FIND_MODE MKL_DYNAMIC MKL_NUM_THREADS NCCL_ALGO NCCL_BUFFSIZE
    NCCL_CROSS_NIC NCCL_CUMEM_ENABLE NCCL_CUMEM_HOST_ENABLE NCCL_DEBUG NCCL_DEBUG_SUBSYS NCCL_GRAPH_MIXING_SUPPORT
    NCCL_IB_DISABLE NCCL_IGNORE_CPU_AFFINITY NCCL_LAUNCH_MODE NCCL_MAX_CTAS NCCL_MAX_NCHANNELS NCCL_MIN_CTAS
    NCCL_MIN_NCHANNELS NCCL_NET_GDR_LEVEL NCCL_NTHREADS NCCL_NVLS_ENABLE NCCL_P2P_DIRECT_DISABLE NCCL_P2P_DISABLE
    NCCL_P2P_LEVEL NCCL_PROTO NCCL_SHM_DISABLE NUMEXPR_MAX_THREADS NUMEXPR_NUM_THREADS NVIDIA_TF32_OVERRIDE
    OMP_DYNAMIC OMP_MAX_ACTIVE_LEVELS OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND OMP_SCHEDULE OMP_WAIT_POLICY
    OPENBLAS_NUM_THREADS PYTORCH_ALLOC_CONF PYTORCH_CUDA_ALLOC_CONF PYTORCH_HIP_ALLOC_CONF
    PYTORCH_NVML_BASED_CUDA_CHECK RAYON_NUM_THREADS RCCL_MSCCLPP_ENABLE RCCL_MSCCL_ENABLE TOKENIZERS_PARALLELISM
    TORCHDYNAMO_DISABLE TORCHINDUCTOR_COMPILE_THREADS TORCHINDUCTOR_FREEZING TORCHINDUCTOR_MAX_AUTOTUNE
    TORCH_ALLOW_TF32_CUBLAS_OVERRIDE TORCH_BLAS_PREFER_HIPBLASLT TORCH_COMPILE_DISABLE TORCH_CUDA_ARCH_LIST
    TORCH_NCCL_ASYNC_ERROR_HANDLING TORCH_NCCL_AVOID_RECORD_STREAMS TORCH_NCCL_BLOCKING_WAIT
    TORCH_NCCL_ENABLE_MONITORING TORCH_NCCL_HEARTBEAT_TIMEOUT_SEC TRANSFORMERS_NO_ADVISORY_WARNINGS
    TRANSFORMERS_OFFLINE TRANSFORMERS_VERBOSITY TRITON_PRINT_AUTOTUNING
"""
SHARED = frozenset(_NAMES.split())

_DEVICES = regex(r".*_VISIBLE_DEVICES|CUDA_DEVICE_ORDER|GPU_DEVICE_ORDINAL")
_OURS = regex(r"MODELSCAN_.*|SPT_NOENV")
_SECRETS = regex(r"(^|_)(TOKEN|KEY|APIKEY|SECRET|PASSWORD|CREDENTIALS?)(_|$)")


def check_env(env: Mapping[str, str], variables: Collection[str], allowed: Collection[str] = ()) -> None:
    """Raise Usage, naming the variable, for one that a backend with these `variables` may not be given."""
    for name, value in env.items():
        reason, may_be_allowed = _reason(name, value), False
        if reason is None and name not in SHARED and name not in variables and name not in allowed:
            reason, may_be_allowed = (
                "it is not on the list of variables that cannot name files, code or addresses",
                True,
            )
        if reason is not None:
            raise Usage(
                f"the environment variable `{name}` may not be passed to a backend",
                cause=[reason],
                hints=[
                    "remove that --env",
                    *([f"if you know what it does: --env {name}=VALUE --allow-env {name}"] if may_be_allowed else []),
                ],
                details={"variable": name},
            )


def is_listed(name: str, variables: Collection[str]) -> bool:
    return name in SHARED or name in variables


def _reason(name: str, value: str) -> str | None:
    """Why a variable is never passed on, whoever says it."""
    if holds_secret(value):
        return "its value looks like a secret"
    for pattern, reason in (
        (_SECRETS, "it looks like a secret"),
        (_DEVICES, "modelscan chooses the devices: use --gpu"),
        (_OURS, "modelscan uses it to find its processes"),
    ):
        if pattern.search(name.upper()) if pattern is _SECRETS else pattern.fullmatch(name.upper()):
            return reason
    return None
