"""Secrets by their look, which may stand on no command line and in no record."""

from __future__ import annotations

from modelscan.parsing.regex import regex

# Tokens of Hugging Face, OpenAI, GitHub and AWS, as those services write them.
_SECRET = regex(r"\b(hf_|sk-|sk_|ghp_|github_pat_|AKIA)[A-Za-z0-9_-]{16,}")


def holds_secret(text: str) -> bool:
    return _SECRET.search(text) is not None
