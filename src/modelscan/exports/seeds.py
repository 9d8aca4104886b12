"""Registered models as seeds again: variables for a shell, for docker compose, or a ConfigMap (pure).

The JSON is in ASCII and has no quotation mark that a shell or YAML would end a text at: `'` is written as an escape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from modelscan.parsing.regex import regex

SeedFormat = Literal["env", "compose", "configmap"]
_NO_NAME = regex(r"[^A-Z0-9]+")
_SERVICE = "modelscan"


def seed_variables(documents: Sequence[Mapping[str, Any]], prefix: str) -> dict[str, str]:
    """A variable for each document, called after its id."""
    found: dict[str, str] = {}
    for document in documents:
        stem = f"{prefix}{_NO_NAME.sub('_', str(document['id']).upper()).strip('_')}"
        name, number = stem, 2
        while name in found:
            name, number = f"{stem}_{number}", number + 1
        found[name] = json.dumps(document).replace("'", "\\u0027")
    return found


def seeds_text(documents: Sequence[Mapping[str, Any]], form: SeedFormat, prefix: str) -> str:
    """A file of the seeds: lines for `set -a; . FILE` or `env_file`, a file beside a compose file, or a manifest."""
    variables = seed_variables(documents, prefix)
    if form == "env":
        return "".join(f"{name}='{text}'\n" for name, text in variables.items())
    if form == "compose":
        # Compose puts variables in place of `$NAME`, also in a quoted text; `$$` is a dollar sign.
        lines = [f"      {name}: '{text.replace('$', '$$')}'\n" for name, text in variables.items()]
        return f"services:\n  {_SERVICE}:\n    environment:\n{''.join(lines)}" if lines else "services: {}\n"
    data = "".join(f"  {name}: '{text}'\n" for name, text in variables.items())
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {_SERVICE}-seeds\n"
    return f"{head}data:\n{data}" if data else f"{head}data: {{}}\n"
