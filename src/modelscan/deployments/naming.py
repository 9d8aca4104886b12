"""Names of deployments."""

from __future__ import annotations

import re

from modelscan.errors import Usage
from modelscan.parsing.regex import regex

NAME_PATTERN = "[a-z0-9][a-z0-9._-]{0,62}"
_NAME = regex(NAME_PATTERN)


def deployment_name(wanted: str | None, model_id: str) -> str:
    """The name that was asked for, or the last part of the model's id made fit. Raises Usage for a bad name."""
    if wanted is not None:
        if not _NAME.fullmatch(wanted):
            raise Usage(
                f"`{wanted}` is not a valid deployment name",
                cause=["use up to 63 lowercase letters, digits, `.`, `_` and `-`, starting with a letter or digit"],
                hints=[f"--name {_made_fit(wanted)}"],
            )
        return wanted
    return _made_fit(model_id.rsplit("/", 1)[-1])


def _made_fit(text: str) -> str:
    fitting = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).lstrip("._-")[:63]
    return fitting or "model"
