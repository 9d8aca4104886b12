"""What may be added to a backend's command line: only what is listed.

What a catalog or a user adds is data (rule 11): it never chooses the address, the keys, the files or the code that
runs. Backends complete shortened names (`--ho` for `--host`), so only full names that are listed pass.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping, Sequence

from modelscan.backends.arguments.folding import option_for
from modelscan.backends.arguments.secrets import holds_secret
from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.dataclasses import dataclass
from modelscan.errors import Usage
from modelscan.parsing.regex import regex

# Why a name is refused. The first match is reported.
_REFUSED = (
    (r"host|port|uds|grpc.*|(fastapi-)?root-path|(enable-)?ssl-.*", "modelscan chooses the address"),
    (r"trust-remote-code", "use modelscan's own option: --trust-remote-code"),
    (r"allow(ed)?-(origins|methods|headers|credentials)", "cross-origin requests stay disabled"),
    (r"model(-path)?|served-model-name|tokenizer(-path)?|hf-config-path", "modelscan names the model"),
    (r"(tokenizer|code)-revision", "weights, tokenizer and code come from one revision: use --revision"),
    (r"config|log-config-file|logging-config", "a settings file would bypass the checks"),
    (r"chat-template|hf-chat-template-name", "the chat template of the weights is used"),
    (r"(enable-)?lora.*|max-(cpu-)?lora.*|.*-lora(s)?", "use modelscan's own option: --adapter NAME=REPO"),
    (r"download-dir|allowed-local-media-path|file-storage-path", "modelscan chooses the folders"),
    (r".*-(plugin|cls)|middleware|logits-processors|tool-server|compilation-config|custom-.*", "it can load code"),
    (r"model-loader-.*|(kv|ec)-transfer-config|additional-config", "it can load code"),
    (r"(data-parallel|dp|nnodes|node|dist|master|headless|base-gpu|device|gpu-id).*", "modelscan chooses the devices"),
    (
        r"(n-)?gpu-layers|ngl|(n-)?cpu-moe|n?cmoe|override-tensor|ot|tensor-split|ts|split-mode|sm|main-gpu|mg|fit.*",
        "the plan lays out the layers: use --gpu, --max-memory or --context-length",
    ),
    (
        r"kv-cache-memory-bytes|max-total-tokens|num-gpu-blocks-override|.*offload.*",
        "the plan sizes the memory: use --context-length, --max-concurrency or --max-memory",
    ),
)

# Names of what holds a secret.
_KEYS = regex(r"(key|token|secret|password)$")

_SECOND_MODEL = regex(r"model|\\")  # JSON can spell `model` with backslashes


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """The arguments that a backend may be given: `switches` alone, `valued` with any value, `choices` with these."""

    backend: str
    switches: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    choices: Mapping[str, frozenset[str]]

    def check(self, arguments: Sequence[str]) -> tuple[str, ...]:
        """The words for the command line. Raises Usage, naming the argument, for one that is refused."""
        refuse_secrets(arguments)
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
                raise self._refused(argument, f"valid values are {', '.join(sorted(self.choices[name]))}")
        elif name not in self.valued:
            near = difflib.get_close_matches(name, sorted({*self.switches, *self.valued, *self.choices}), cutoff=0.85)
            raise self._refused(argument, why_refused(name, self.backend), near)
        elif name == "--speculative-config" and _SECOND_MODEL.search(argument.shown.removeprefix(name)):
            raise self._refused(argument, "the plan does not cover a second model")

    def _refused(self, argument: Argument, reason: str, near: Sequence[str] = ()) -> Usage:
        return Usage(
            f"`{argument.shown}` is not allowed for {self.backend}",
            cause=[reason],
            hints=[*(f"did you mean: --backend-arg={name}" for name in near), "remove that --backend-arg"],
            details={"argument": argument.name, "backend": self.backend},
        )


def refuse_secrets(arguments: Sequence[str]) -> None:
    """Raise Usage, without repeating it, for a secret among arguments: a command line is stored, shown, and seen by
    every user of the machine.
    """
    for argument in read_arguments(arguments):
        if _KEYS.search(argument.name) or holds_secret(argument.shown):
            raise Usage(
                f"`{argument.name}=***` must not be given on a command line",
                cause=["it holds a secret, which every user of this machine could read there"],
                hints=["for the endpoint's key: export MY_KEY=... and --api-key-env MY_KEY"],
                details={"argument": argument.name},
            )


@functools.lru_cache(maxsize=1_000)  # a list of what fits asks the same of every spec
def why_refused(name: str, backend: str) -> str:
    """Why an argument that is not listed does not reach a backend."""
    option = option_for(name)
    if option is not None:
        return f"it affects the plan: use {option}"
    known = (why for pattern, why in _REFUSED if re.fullmatch(pattern, name.lstrip("-")))
    return next(known, f"it is not an argument that modelscan passes to {backend}")
