"""What the handlers on transformers say of themselves. The arguments are those of our own server."""

from __future__ import annotations

from modelscan.backends.about import About, Lead

ABOUT = About(
    title="Transformers",
    leads=(
        Lead(
            without_gpu=True,
            task="speech-to-text",
            model_types=frozenset({"whisper"}),
            why="which takes the least without a GPU, and answers with the times of words, as srt and as vtt too",
        ),
    ),
    spellings={"dtype": ("--dtype",)},
    seeds=frozenset({"transformers"}),
)
