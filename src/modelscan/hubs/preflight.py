"""What must be so before the first byte of weights is fetched. Pure: facts in, a refusal out."""

from __future__ import annotations

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


def room_kept(needed_bytes: int) -> int:
    """The margin beside a download of so many bytes: 2 % of it, at least 256 MiB."""
    return max(_LEAST, int(needed_bytes * _SHARE)) if needed_bytes else 0


def no_room(repo_id: str, needed_bytes: int, free_bytes: int, place: PurePath) -> StorageFailed | None:
    """The refusal when `place` cannot take so many bytes and the margin."""
    margin = room_kept(needed_bytes)
    if needed_bytes + margin <= free_bytes:
        return None
    short = needed_bytes + margin - free_bytes
    return StorageFailed(
        f"`{place}` has no room for `{repo_id}`",
        cause=[
            f"{format_bytes(needed_bytes)} are missing here, and {format_bytes(margin)} should stay free",
            f"{format_bytes(free_bytes)} are free: {format_bytes(short)} too little",
        ],
        hints=["modelscan weights prune", "or use another disk: export HF_HOME=/path/to/folder"],
        details={
            "path": str(place), "needed_bytes": needed_bytes, "margin_bytes": margin, "free_bytes": free_bytes,
        },
    )  # fmt: skip


def no_token(weights: WeightsDescription, *, has_token: bool, page: str, login: str) -> Gated | None:
    """The refusal for a gated repo without a token. `page` is the repo's, `login` the command that keeps a token."""
    if not weights.gated or has_token:
        return None
    return Gated(
        f"`{weights.repo_id}` is gated: its owner lets only those in who accepted the terms",
        cause=["there is no token of yours to show that you did"],
        hints=[f"accept them in a browser: {page}", login],
        details={"repo_id": weights.repo_id, "page": page},
    )


def pickles(weights: WeightsDescription, *, allowed: bool) -> ModelscanError | None:
    """The refusal for weights that can run code of their own when they are loaded."""
    if allowed or not weights.only_pickles:
        return None
    return ModelscanError(
        f"the weights of `{weights.repo_id}` are pickles only, and loading a pickle can run any code that is in it",
        hints=["look for a repo of the same model with safetensors files", "if you trust its owner: --allow-pickle"],
        details={"repo_id": weights.repo_id, "reason": "pickle"},
    )


def no_weights(repo_id: str, names: Collection[str]) -> ModelscanError | None:
    """The refusal for a repo whose weights, if it has any, are in no format that a backend loads."""
    if weight_names(needed_files(names)):
        return None
    others = sorted({PurePath(name).suffix for name in names} & _OTHER_WEIGHTS)
    return ModelscanError(
        f"`{repo_id}` has no weights that a backend could load",
        cause=[f"its weights are {', '.join(others)} files" if others else "it lists none"],
        hints=["look for a repo of the same model with safetensors files"],
        details={"repo_id": repo_id, "reason": "no_weights"},
    )


def code_elsewhere(weights: WeightsDescription) -> ModelscanError | None:
    """The refusal for weights whose config runs code of another repo: nobody pins it, so nobody can agree to it."""
    if not weights.code_repos:
        return None
    return ModelscanError(
        f"`{weights.repo_id}` wants to run code of another repo, which can change at any time",
        cause=[f"its config names {', '.join(weights.code_repos)}"],
        hints=["leave out --trust-remote-code", "or copy that code into a folder beside the weights, and deploy that"],
        details={"repo_id": weights.repo_id, "code_repos": list(weights.code_repos)},
    )


def code_question(repo_id: str, code: Mapping[str, str], page: str | None) -> str:
    """What the user is asked before code of a repo may run: the files with their hashes, and where to read them."""
    shown = [f"  {name}  {digest}" for name, digest in sorted(code.items())]
    if len(shown) > _SHOWN:
        shown = [*shown[:_SHOWN], f"  and {len(shown) - _SHOWN} more"]
    where = [f"Read it first: {page}"] if page else []
    lines = [f"`{repo_id}` brings Python code, which would run with your rights:", *shown, *where, "Let it run?"]
    return "\n".join(lines)


def code_refused(repo_id: str, code: Mapping[str, str], *, asked: bool) -> Usage:
    """Nobody said yes to the code of a repo."""
    return Usage(
        f"the code of `{repo_id}` may not run" if asked else f"nobody could be asked whether `{repo_id}` may run code",
        cause=[f"{name} {digest}" for name, digest in sorted(code.items())][:_SHOWN],
        hints=["read it, then say yes ahead: --trust-remote-code --yes", "or leave out --trust-remote-code"],
        details={"repo_id": repo_id, "code": dict(code)},
    )
