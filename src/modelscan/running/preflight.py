"""Checks before anything is begun: may weights be loaded, may their code run, is there disk space, can it sleep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.deployments.files import files_of
from modelscan.errors import Conflict, ModelscanError, Usage, shown_address
from modelscan.hubs import preflight
from modelscan.hubs.files import RemoteFile
from modelscan.hubs.ledger import Ledger
from modelscan.hubs.protocol import InFolder, Streamed
from modelscan.hubs.tokens import HUBS, address, login_elsewhere
from modelscan.hubs.transfer.disk import require_disk_space
from modelscan.model import Adapter, Candidate, WeightsDescription
from modelscan.model.events import Ask
from modelscan.registry.files import local_files
from modelscan.running.prepare import device_for
from modelscan.running.streaming import check_streamed
from modelscan.selecting.context import Context
from modelscan.selecting.requests import DeployRequest
from modelscan.settings.reading import Settings
from modelscan.storage.files import translated
from modelscan.storage.secrets import Secrets
from modelscan.units import format_bytes
from modelscan.weights.reading.selection import ADAPTER

_LONGEST_SOCKET_BYTES = 107  # unix(7)
_ID = "0" * 32

_SHA256_DIGITS = 64
_LISTED = 10


def check_weights(
    context: Context,
    weights: WeightsDescription,
    *,
    trust_remote_code: bool,
    allow_pickle: bool,
    ask: Ask,
    may_download: bool = True,
    into: Path | None = None,
    form: str | None = None,
) -> WeightsDescription:
    """The same weights fully described and pinned to their commit, once they passed all checks.

    `form` is which copy of the weights the backend loads, as `needed_files` has it.
    `into` is a folder to fill in place of the hub's cache. Raises Gated, StorageFailed, Usage (code that nobody agreed
    to), Conflict (missing, and not `may_download`), ModelscanError (pickles), and what asking the hub raises.
    """
    delivery, hub = context.delivery(weights.source, weights.repo_id), context.describer(weights.source)
    if isinstance(delivery, Streamed):
        return check_streamed(context, weights, trust_remote_code=trust_remote_code)
    revision = weights.commit or weights.revision
    here: Path | None
    if isinstance(delivery, InFolder):
        here, known = delivery.path, weights
        _refuse(preflight.no_weights(known.repo_id, [file.path for file in hub.listing(known.repo_id, None).files]))
    else:
        here, known = (
            delivery.cached(weights.repo_id, revision, form=form),
            hub.describe(weights.repo_id, revision, form=form),
        )
    known = dataclasses.replace(known, official=weights.official, verified=weights.verified)
    _refuse(preflight.pickles(known, allowed=allow_pickle))
    if trust_remote_code:
        _refuse(preflight.code_elsewhere(known))
        _agree_to_code(context, known, ask)
    if here is not None and into is None:
        return known
    listed = hub.listing(weights.repo_id, known.commit or None)
    _refuse(preflight.no_weights(known.repo_id, [file.path for file in listed.files]))
    commit = known.commit or ""
    if isinstance(delivery, InFolder):
        missing, place = hub.files(weights.repo_id, commit, form=form), into or delivery.path
    elif into is not None:
        missing, place = hub.files(weights.repo_id, commit, form=form), into
    else:
        missing = delivery.missing(weights.repo_id, commit, form=form)
        place = delivery.folder(weights.repo_id, commit)
    if not may_download:
        raise _not_here(known.repo_id, missing)
    _refuse(_no_token(context, known) if here is None else None)
    there = _sizes(place) if into else {}
    needed = sum(file.size_bytes for file in missing if there.get(file.path) != file.size_bytes)
    require_disk_space(known.repo_id, needed, place)
    return known


def check_adapters(context: Context, adapters: Sequence[Adapter], *, may_download: bool) -> None:
    """Raise Conflict for those that are not here where nothing may be downloaded."""
    for item in adapters:
        delivery = context.delivery(item.source, item.repo_id)
        if may_download or isinstance(delivery, InFolder | Streamed):
            continue
        if missing := delivery.missing(item.repo_id, item.revision or "", form=ADAPTER):
            raise _not_here(item.repo_id, missing)


def _refuse(problem: ModelscanError | None) -> None:
    if problem is not None:
        raise problem


def _sizes(folder: Path) -> dict[str, int]:
    """The files that an earlier attempt left in a plain folder."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def _no_token(context: Context, weights: WeightsDescription) -> ModelscanError | None:
    hub = HUBS.get(weights.source)
    if not weights.gated or hub is None:
        return None
    environ = context.settings.environ
    fleet = context.settings.token_variables
    has_token = bool(login_elsewhere(hub, environ, fleet) or Secrets(context.settings.paths.secrets_file).get(hub.name))
    login = "modelscan login" if hub.name == "huggingface" else f"modelscan login {hub.name}"
    page = _page(context, weights) or ""
    return preflight.no_token(weights, has_token=has_token, page=page, login=login)


def _page(context: Context, weights: WeightsDescription) -> str | None:
    """The web page of the repo."""
    hub = HUBS.get(weights.source)
    if hub is None:
        return None
    base = shown_address(address(hub, context.settings.environ))
    return f"{base}/models/{weights.repo_id}" if weights.source == "modelscope" else f"{base}/{weights.repo_id}"


def refuse_code_without_consent(context: Context, weights: WeightsDescription, reference: str) -> None:
    """Raise Usage, with the command that asks, for code that an entry wishes to run and the user has not allowed."""
    _refuse(preflight.code_elsewhere(weights))
    new = _not_agreed(context, weights)
    if new:
        raise preflight.code_only_wished(weights.repo_id, new, reference)


def _not_agreed(context: Context, weights: WeightsDescription) -> dict[str, str]:
    """The files of code that the user did not allow to run, with their hashes."""
    code = code_hashes(weights)
    with Ledger.for_reading(context.settings.paths, context.clock) as ledger:
        agreed = ledger.agreed(code.values())
    return {name: digest for name, digest in code.items() if digest not in agreed}


def _agree_to_code(context: Context, weights: WeightsDescription, ask: Ask) -> None:
    new = _not_agreed(context, weights)
    if not new:
        return
    page = _page(context, weights)
    shown = f"{page}/tree/{weights.commit}" if page and weights.source == "huggingface" else page
    answer = ask(preflight.code_question(weights.repo_id, new, shown), default=False)
    if answer is not True:
        raise preflight.code_refused(weights.repo_id, new, asked=answer is False)
    with Ledger(context.settings.paths, context.clock) as ledger:
        ledger.agree(new, weights.repo_id)


def agree_to_class(context: Context, handler: str, *, trust: bool, reference: str, ask: Ask) -> tuple[str, str]:
    """The folder that the dotted path of a class begins at, and the SHA-256 of its file, once the user has agreed to
    run this very file. Raises Usage where it is not there or nobody agreed.
    """
    root = class_root(context.settings)
    file = root.joinpath(*handler.split(".")[:-1]).with_suffix(".py")
    if not file.is_file():
        raise Usage(
            f"the class `{handler}` of `{reference}` is not found",
            cause=[f"there is no file `{file}`"],
            hints=["the folder that its path begins at: modelscan config set handlers.path /path/to/folder"],
            details={"handler": handler, "path": str(file)},
        )
    with translated(file, verb="read"):
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    code = {str(file): f"sha256:{found}"}
    with Ledger.for_reading(context.settings.paths, context.clock) as ledger:
        agreed = ledger.agreed(code.values())
    if not agreed:
        if not trust:
            raise preflight.code_only_wished(handler, code, reference)
        answer = ask(preflight.code_question(handler, code, None), default=False)
        if answer is not True:
            raise preflight.code_refused(handler, code, asked=answer is False)
        with Ledger(context.settings.paths, context.clock) as ledger:
            ledger.agree(code, handler)
    return str(root), found


def class_root(settings: Settings) -> Path:
    """The setting's folder, else that of the first list of models of one's own, else where one would be."""
    if settings.handlers.path:
        return Path(settings.handlers.path).expanduser().absolute()
    return next(iter(local_files(settings)), settings.paths.local_models_file).parent


def code_hashes(weights: WeightsDescription) -> Mapping[str, str]:
    """The repo's Python files by name, each with `sha256:HEX` or, as hubs tell it of small files, `git:HEX`."""
    found = {}
    for name in weights.code_files:
        listed = weights.code_hashes.get(name)
        if listed:
            kind = "sha256" if len(listed) == _SHA256_DIGITS else "git"
        else:
            path = Path(weights.location) / name
            with translated(path, verb="read"):
                listed, kind = hashlib.sha256(path.read_bytes()).hexdigest(), "sha256"
        found[name] = f"{kind}:{listed}"
    return found


def _not_here(repo_id: str, missing: tuple[RemoteFile, ...]) -> Conflict:
    total = sum(file.size_bytes for file in missing)
    names = [f"{file.path}  {format_bytes(file.size_bytes)}" for file in missing]
    more = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return Conflict(
        f"weights of `{repo_id}` are missing, and AUTO_DOWNLOAD_MODELS forbids downloading them",
        cause=[*names[:_LISTED], *more],
        hints=[f"modelscan pull {repo_id}"],
        details={
            "repo_id": repo_id, "missing": [file.path for file in missing], "missing_bytes": total,
        },
    )  # fmt: skip


def refuse_sleepless(context: Context, wanted: DeployRequest, chosen: Candidate) -> None:
    """Raise Usage for `--sleep` where nothing would wake it, or where it could not sleep."""
    if not wanted.sleep:
        return
    if not wanted.on_demand:
        raise Usage(
            "`--sleep` is for deployments that requests start",
            cause=["it sleeps when the gateway would stop it, and its next request there wakes it"],
            hints=["add --on-demand"],
        )
    if wanted.port is not None:
        raise Usage("`--port` cannot be combined with `--sleep`: it listens on a Unix socket", hints=["drop --port"])
    backend = BACKENDS[chosen.backend]
    problem = backend.runs.sleep_problem(device_for(context, chosen))
    if problem is not None:
        raise Usage(
            f"{backend.title} cannot sleep here: {problem}",
            hints=["drop --sleep: idle, it is stopped, and started anew"],
        )
    socket = str(files_of(context.settings.paths, _ID).socket)
    if len(socket.encode()) > _LONGEST_SOCKET_BYTES:
        raise Usage(
            f"the path of its socket would be longer than the {_LONGEST_SOCKET_BYTES} bytes that the kernel takes",
            cause=[socket],
            hints=["export MODELSCAN_HOME=/a/shorter/path"],
        )
