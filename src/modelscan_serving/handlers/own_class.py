"""A class of the user's own, by its dotted path below a folder, once its file was agreed to.

Teams write such classes against `app.models.base`. Where the folder has no module of that name, it is this server's
protocols, so that a file written to that convention runs as it is.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

from modelscan_serving.handlers import protocols
from modelscan_serving.handlers.checking import BadHandler

_BASE = "app.models.base"


def own_class(path: str, root: str | None, sha256: str | None) -> Any:
    """Raises BadHandler where it is not there, or its file is another than the one that was agreed to."""
    module, _, name = path.rpartition(".")
    if root is None or not module:
        raise BadHandler(f"`{path}` is not found: its folder is not known")
    file = Path(root, *module.split(".")).with_suffix(".py")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadHandler(f"`{path}` is not found: `{file}`: {error.strerror}") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise BadHandler(f"`{file}` has changed since it was agreed to")
    if root not in sys.path:
        sys.path.insert(0, root)
    _provide_base()
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (Exception, SystemExit) as error:
        raise BadHandler(f"`{file}` cannot be imported: {type(error).__name__}: {error}") from error
    if found is None:
        raise BadHandler(f"`{file}` has no class `{name}`")
    return found


def _provide_base() -> None:
    """Only where there is none: a team's own comes first."""
    packages = _BASE.split(".")[:-1]
    for depth in range(1, len(packages) + 1):
        name = ".".join(packages[:depth])
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            package = types.ModuleType(name)
            package.__path__ = []
            sys.modules[name] = package
    if _BASE not in sys.modules and importlib.util.find_spec(_BASE) is None:
        sys.modules[_BASE] = protocols
