"""From what is to be served to a handler that serves it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

from modelscan_serving.handlers.arguments import ModelToServe, Serving
from modelscan_serving.handlers.checking import accepted, check_class
from modelscan_serving.handlers.own_class import own_class

_FOLDER = "modelscan_serving.handlers.ours"
# Module and function of ours that makes the handler for a task; each imports what it needs.
_OURS: Mapping[str, tuple[str, str]] = {
    "embed": ("embedding", "SentenceEmbedding"),
    "chat": ("chat", "chat_model"),
    "speech-to-text": ("speech", "speech_model"),
    "rerank": ("rerank", "rerank_model"),
    "text-to-image": ("image", "DiffusersImages"),
}


def loader(serving: Serving) -> Callable[[ModelToServe], Any]:
    """Makes handlers. At the first call the classes of all models are checked: before weights take their time. It
    raises BadHandler for one of those, and what a class itself raises.
    """
    classes: dict[str, Any] = {}

    def load(wanted: ModelToServe) -> Any:
        if not classes:
            if importlib.util.find_spec("torch") is not None:  # also for classes that are not ours
                importlib.import_module(f"{_FOLDER}.torch_setup").prepare_torch()
            classes.update({model.names[0]: _checked(model, serving) for model in serving.models})
        return _made(wanted, classes[wanted.names[0]], serving)

    return load


def _checked(wanted: ModelToServe, serving: Serving) -> Any:
    if wanted.handler is not None:
        found = own_class(wanted.handler, serving.import_root, wanted.sha256)
        check_class(wanted.handler, found, wanted.task, [*_given(wanted, serving), *wanted.options])
        return found
    module, name = _OURS[wanted.task]
    return getattr(importlib.import_module(f"{_FOLDER}.{module}"), name)


def _given(wanted: ModelToServe, serving: Serving) -> dict[str, Any]:
    """What every class is called with: the repo is a folder by now, and nothing is to be cached."""
    return {"hf_repo_id": wanted.folder, "device": serving.device, "cache_dir": None, "name": wanted.names[0]}


def _made(wanted: ModelToServe, found: Any, serving: Serving) -> Any:
    given = _given(wanted, serving)
    if wanted.handler is not None:
        return found(**given, **wanted.options)
    said = {"dtype": serving.dtype, "trust_remote_code": serving.trust_remote_code, **wanted.options}
    used = accepted(found, said)
    unused = sorted(set(wanted.options) - set(used))
    if unused:
        print(f"warning: `{wanted.names[0]}`: nothing here uses `{'`, `'.join(unused)}`", flush=True)
    return found(**{**accepted(found, given), **used})
