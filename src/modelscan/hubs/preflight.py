"""Checks before the first byte of weights is downloaded. Pure: facts in, a refusal out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from pathlib import PurePath

from modelscan.errors import Gated, ModelscanError, StorageFailed, Usage
from modelscan.model import WeightsDescription
from modelscan.units import GIB, format_bytes
from modelscan.weights.reading.selection import needed_files, weight_names

# What stays free beside the weights: a file system that is full to the last byte stops everything else on it.
_SHARE = 0.02
_LEAST = GIB // 4
_SHOWN = 20
_OTHER_WEIGHTS = {".onnx", ".h5", ".msgpack", ".pth", ".ckpt", ".gguf", ".nemo", ".mlmodel", ".tflite", ".xml"}


def disk_space_margin(needed_bytes: int) -> int:
    """The disk space that a download of this size must leave free: 2 % of it, at least 256 MiB."""
    return max(_LEAST, int(needed_bytes * _SHARE)) if needed_bytes else 0


def disk_space_shortfall(repo_id: str, needed_bytes: int, free_bytes: int, place: PurePath) -> StorageFailed | None:
    """The refusal when the free disk space of `place` is less than the download and its margin."""
    margin = disk_space_margin(needed_bytes)
    if needed_bytes + margin <= free_bytes:
        return None
    short = needed_bytes + margin - free_bytes
    return StorageFailed(
        f"`{place}` has too little free disk space for `{repo_id}`",
        cause=[
            f"{format_bytes(needed_bytes)} have to be downloaded, and {format_bytes(margin)} must stay free",
            f"{format_bytes(free_bytes)} are free, {format_bytes(short)} short",
        ],
        hints=["modelscan weights prune", "or use another disk: export HF_HOME=/path/to/folder"],
        details={
            "path": str(place), "needed_bytes": needed_bytes, "margin_bytes": margin, "free_bytes": free_bytes,
        },
    )  # fmt: skip


def no_token(weights: WeightsDescription, *, has_token: bool, page: str, login: str) -> Gated | None:
    """The refusal for a gated repo without a token. `page` is the repo's, `login` the command that stores a token."""
    if not weights.gated or has_token:
        return None
    return Gated(
        f"`{weights.repo_id}` is gated: its owner grants access only to people who accepted the terms",
        cause=["no token was found that shows you did"],
        hints=[f"accept the terms in a browser: {page}", login],
        details={"repo_id": weights.repo_id, "page": page},
    )


def pickles(weights: WeightsDescription, *, allowed: bool) -> ModelscanError | None:
    """The refusal for weights that can run code when they are loaded."""
    if allowed or not weights.only_pickles:
        return None
    return ModelscanError(
        f"the weights of `{weights.repo_id}` are only pickles, and loading a pickle can run any code in it",
        hints=["find a repo of the same model with safetensors files", "if you trust its owner: --allow-pickle"],
        details={"repo_id": weights.repo_id, "reason": "pickle"},
    )


def no_weights(repo_id: str, names: Collection[str]) -> ModelscanError | None:
    """The refusal for a repo without weights in a format that a backend loads."""
    if weight_names(needed_files(names)):
        return None
    others = sorted({PurePath(name).suffix for name in names} & _OTHER_WEIGHTS)
    return ModelscanError(
        f"`{repo_id}` has no weights that a backend can load",
        cause=[f"its weights are {', '.join(others)} files" if others else "it lists no weights"],
        hints=["find a repo of the same model with safetensors files"],
        details={"repo_id": repo_id, "reason": "no_weights"},
    )


def code_elsewhere(weights: WeightsDescription) -> ModelscanError | None:
    """The refusal for a config that runs code from another repo: it is not pinned, so nobody can agree to it."""
    if not weights.code_repos:
        return None
    return ModelscanError(
        f"`{weights.repo_id}` runs code from another repo, which can change at any time",
        cause=[f"its config refers to {', '.join(weights.code_repos)}"],
        hints=["drop --trust-remote-code", "or copy that code into a folder with the weights, and deploy that folder"],
        details={"repo_id": weights.repo_id, "code_repos": list(weights.code_repos)},
    )


def code_question(repo_id: str, code: Mapping[str, str], page: str | None) -> str:
    """The question before code from a repo may run: the files with their hashes, and where to read them."""
    shown = [f"  {name}  {digest}" for name, digest in sorted(code.items())]
    if len(shown) > _SHOWN:
        shown = [*shown[:_SHOWN], f"  and {len(shown) - _SHOWN} more"]
    where = [f"Read it first: {page}"] if page else []
    lines = [
        f"`{repo_id}` contains Python code, which would run with your permissions:",
        *shown,
        *where,
        "Allow it to run?",
    ]
    return "\n".join(lines)


def code_only_wished(repo_id: str, code: Mapping[str, str], reference: str) -> Usage:
    """The refusal for code that an entry wishes to run: only a person can agree to it."""
    return Usage(
        f"the entry of `{reference}` would run code of `{repo_id}`, which you have not allowed",
        cause=[f"{name} {digest}" for name, digest in sorted(code.items())][:_SHOWN],
        hints=[f"read it, then allow it: modelscan deploy {shlex.quote(reference)} --trust-remote-code"],
        details={"repo_id": repo_id, "code": dict(code), "reason": "consent"},
    )


def code_refused(repo_id: str, code: Mapping[str, str], *, asked: bool) -> Usage:
    """The refusal for code that nobody agreed to."""
    return Usage(
        f"the code of `{repo_id}` was not allowed to run"
        if asked
        else f"nobody was asked whether `{repo_id}` may run code",
        cause=[f"{name} {digest}" for name, digest in sorted(code.items())][:_SHOWN],
        hints=["read it, then allow it: --trust-remote-code --yes", "or drop --trust-remote-code"],
        details={"repo_id": repo_id, "code": dict(code)},
    )
