"""What may be added to a backend's command line and environment: what is listed, and nothing else.

What a catalog or a user adds is data (rule 11): it never chooses the address, the keys, the files or the code that
runs. Backends complete shortened names (`--ho` for `--host`), so only full names that are listed pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelscan.backends.folding import option_for
from modelscan.backends.words import Argument, read_arguments
from modelscan.errors import Usage

# Reasons for what is refused, by the part of a name that tells. The first that matches is said.
_REFUSED = (
    (r"--(host|port|uds|grpc.*|root-path|ssl-.*|enable-ssl-refresh|fastapi-root-path)", "modelscan chooses the address"),
    (r"--(admin-)?api-key|--hf-token", "keys never stand on a command line: give --api-key-env VARIABLE"),
    (r"--trust-remote-code", "say it to modelscan instead: --trust-remote-code"),
    (r"--(allowed-origins|allowed-methods|allowed-headers|allow-credentials)", "pages of other sites stay out"),
    (r"--(model|model-path|served-model-name|tokenizer|tokenizer-path|hf-config-path)", "modelscan names the model"),
    (r"--(tokenizer-revision|code-revision)", "weights, tokenizer and code come from one revision: give --revision"),
    (r"--(config|log-config-file|logging-config)", "a file of settings would go past the checks"),
    (r"--(chat-template|hf-chat-template-name)", "the template of the weights is used"),
    (r"--(download-dir|allowed-local-media-path|file-storage-path)", "modelscan chooses the folders"),
    (r"--(.*-plugin|middleware|worker-cls|worker-extension-cls|scheduler-cls|logits-processors|tool-server)", "it loads code"),
    (r"--(model-loader-extra-config|kv-transfer-config|ec-transfer-config|compilation-config|custom-.*)", "it can load code"),
    (r"--(data-parallel|dp|nnodes|node-rank|dist-init|master-|headless|base-gpu-id|device|gpu-id).*", "modelscan chooses the devices"),
    (r"--(kv-cache-memory-bytes|max-total-tokens|num-gpu-blocks-override|cpu-offload-gb|kv-offloading-size)",
     "the plan sizes the memory: give --context-length, --max-concurrency or --max-memory"),
)  # fmt: skip

_ENV_PREFIXES = (
    *("OMP_", "KMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "TOKENIZERS_", "TRANSFORMERS_", "HF_HUB_", "TORCH", "PYTORCH_"),
    *("CUDA_", "CUBLAS_", "NCCL_", "NVIDIA_", "HIP_", "HSA_", "ROCM_", "RCCL_", "MIOPEN_", "AITER_", "GLOO_", "UCX_"),
    *("TRITON_", "FLASHINFER_", "DG_", "SGL_", "SGLANG_", "VLLM_"),
)

# Inside those prefixes: devices that the plan chose, secrets, and what names a file, an address or code to load.
_ENV_REFUSED = (
    (r"(.*VISIBLE_DEVICES|CUDA_DEVICE_ORDER)", "modelscan chooses the devices: give --gpu"),
    (r".*(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL|PRIVATE_?KEY)(_.*)?", "it looks like a secret"),
    (r"(LD_.*|PYTHON.*|PATH)", "it can load code"),
    (r".*PROXY", "a backend reaches nothing outside"),
    (r".*(PLUGIN|LIBRARY|MODULE|CONFIG|CONF_FILE|_PATH|_DIR|_FILE|_ROOT|_HOME|_SO|_CACHE|TRACEPARENT).*", "it names a file or code"),
    (r".*(ENDPOINT|_HOST|_ADDR|_PORT|_URL|_IP|SERVER_DEV_MODE|INSECURE|RUNTIME_LORA|USE_MODELSCOPE)", "it opens a way in or out"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """The arguments that a backend may be given: `switches` alone, `valued` with any value, `choices` with these."""

    backend: str
    switches: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    choices: Mapping[str, frozenset[str]]

    def check(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """The words for the command line. Raises Usage, naming the argument, for one that is refused."""
        found = read_arguments(arguments, self.switches)
        for argument in found:
            self._check(argument)
        return tuple(word for argument in found for word in argument.words)

    def _check(self, argument: Argument) -> None:
        name = argument.name
        if name in self.switches:
            if argument.values:
                raise self._refused(argument, "it takes no value")
        elif name in self.choices:
            if not argument.values or not self.choices[name].issuperset(argument.values):
                raise self._refused(argument, f"it may be {', '.join(sorted(self.choices[name]))}")
        elif name not in self.valued:
            raise self._refused(argument, _reason(name, self.backend))
        elif name == "--speculative-config" and "model" in argument.shown.removeprefix(name):
            raise self._refused(argument, "a second model is not in the plan")

    def _refused(self, argument: Argument, reason: str) -> Usage:
        return Usage(
            f"`{argument.shown}` may not be given to {self.backend}",
            cause=[reason],
            hints=["leave out that --backend-arg"],
            details={"argument": argument.name, "backend": self.backend},
        )


def check_env(env: Mapping[str, str]) -> None:
    """Raise Usage, naming the variable, for one that a backend may not be given."""
    for name in env:
        reason = next((why for pattern, why in _ENV_REFUSED if re.fullmatch(pattern, name, re.IGNORECASE)), None)
        if reason is None and not name.startswith(_ENV_PREFIXES):
            reason = "it is none of the variables that backends read"
        if reason is not None:
            raise Usage(
                f"the variable `{name}` may not be given to a backend",
                cause=[reason],
                hints=["leave it out"],
                details={"variable": name},
            )


def _reason(name: str, backend: str) -> str:
    option = option_for(name)
    if option is not None:
        return f"it enters the plan: give {option}"
    known = (why for pattern, why in _REFUSED if re.fullmatch(pattern, name))
    return next(known, f"it is not on the list of arguments for {backend}")
