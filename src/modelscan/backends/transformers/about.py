"""What the handlers on transformers say of themselves. The arguments are those of our own server."""

from __future__ import annotations

from modelscan.backends.about import About

ABOUT = About(
    title="Transformers",
    spellings={"dtype": ("--dtype",)},
    seeds=frozenset({"transformers"}),
)
