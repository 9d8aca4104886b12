"""What the toy says of itself."""

from __future__ import annotations

from modelscan.backends.about import About

ABOUT = About(
    title="Toy",
    spellings={"context_length": ("--ctx-size", "-c"), "max_concurrency": ("--slots",)},
    image="example/toy",
    gpustack="ToyBox",
    litellm="hosted_toy",
    seeds=frozenset({"toy"}),
)
