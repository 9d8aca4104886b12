"""How the handlers' server ends, root causes first. Texts: our own server's, and those of transformers 5.24."""

from __future__ import annotations

from modelscan.backends.explaining.common_causes import MACHINE, MEMORY
from modelscan.backends.explaining.diagnosis import Cause, cause
from modelscan.backends.explaining.weights_causes import WEIGHTS

_REFUSED = r"error: `[^`]+` cannot be loaded: BadHandler: "

CAUSES: tuple[Cause, ...] = (
    cause(
        _REFUSED + r"(?P<why>`(?P<file>[^`]+)` has changed since it was agreed to)",
        "the file of its class has changed since you allowed it to run",
        "read `{file}`, then: modelscan deploy … --trust-remote-code --replace",
    ),
    cause(
        _REFUSED + r"(?P<why>.+)",
        "its class cannot serve it: {why}",
        "modelscan model list",
    ),
    cause(
        r"its tokenizer has no tokens for `yes` and `no`",
        "it is a decoder that was not trained to rerank",
        "modelscan deploy … --task chat",
    ),
    *MEMORY,
    *MACHINE,
    *WEIGHTS,
    cause(r"error: `(?P<name>[^`]+)` cannot be loaded: (?P<why>.+)", "`{name}` cannot be loaded: {why}"),
)
