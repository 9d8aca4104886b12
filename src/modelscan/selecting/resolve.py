"""From a name to weights: which model it means, and what is known of each of its weights."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from modelscan.catalog.index.index import Index
from modelscan.catalog.index.open import open_index
from modelscan.catalog.naming.asked import WeightsHint
from modelscan.catalog.naming.drafting import drafted_by_name
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.naming.names import unwrap, without_quantization, words
from modelscan.catalog.naming.resolution import Resolution
from modelscan.dataclasses import replace
from modelscan.errors import Gated, ModelAmbiguous, ModelNotFound, SourceUnavailable, Unauthorized, Usage
from modelscan.hubs.folder.describe import CONFIGS, describe_folder
from modelscan.hubs.folder.locate import model_folder
from modelscan.hubs.forms import NAMED
from modelscan.hubs.loadable import drafting, refuse_drafter, shipped_drafters, unloadable
from modelscan.model import HUB_SOURCES, Model, PlanRequest, Source, Weights, WeightsDescription
from modelscan.parsing.regex import regex
from modelscan.registry.registered import registered_models
from modelscan.selecting.addresses import refuse_impossible, refuse_other_addresses
from modelscan.selecting.ask import fitting_first
from modelscan.selecting.context import Context
from modelscan.selecting.entries.applied import refuse_unrunnable
from modelscan.selecting.known_here import borrowed_shape, describe_here, selected_weights, with_shared_shape
from modelscan.selecting.resolved import Resolved
from modelscan.selecting.words import checked_words
from modelscan.weights.address import is_s3, parse_s3

_REPO_AND_FORM = regex(r"\w[\w.-]*/\w[\w.-]*:\w[\w.-]*")
_MOST_NEAR = 2
_ALIKE = 0.8


def resolve_request(context: Context, request: PlanRequest, described_hardware: str | None = None) -> Resolved:
    """Which weights a request means: all of its model, or the one repo that it fixes. Raises as `resolve_model`."""
    checked_words(request)  # before a hub is asked for anything
    if request.beside:
        others = tuple(resolve_model(context, reference) for reference in request.beside)
        return replace(resolve_request(context, replace(request, beside=())), beside=others)
    if request.repo_id is None:
        return resolve_model(
            context,
            request.model,
            request.source,
            request.revision,
            described_hardware=described_hardware,
            backend=request.backend,
        )
    hub = request.source if request.source in HUB_SOURCES else None
    resolved = resolve_model(context, request.model, hub, request.revision)
    fixed = request.repo_id.casefold()
    options = tuple(item for item in resolved.options if item.repo_id.casefold() == fixed)
    if not options:  # weights of the user's own, run as that model
        options = resolve_model(context, request.repo_id, request.source, request.revision).options
    return replace(resolved, options=options)


def resolve_model(
    context: Context,
    reference: str,
    source: Source | None = None,
    revision: str | None = None,
    *,
    described_hardware: str | None = None,
    backend: str | None = None,
) -> Resolved:
    """Which weights a name means.

    What looks like a path is a folder, `s3://…` a place in S3. Anything else is a catalog's, then a folder of that
    name, then a repo. `backend` is the one that was asked for. Of a family's members those are listed first that fit
    this machine, or the one described.
    Raises ModelNotFound, ModelAmbiguous, SourceUnavailable.
    """
    refuse_impossible(reference)
    refuse_other_addresses(reference)
    if is_s3(reference):
        return _prefix(context, reference, source, revision)
    folder = Path(reference).expanduser()
    if _is_path(reference, folder) or source == "local_path" or _is_weights(folder):
        return _folder(folder)
    refuse_drafter(unwrap(reference.strip()))
    index = open_index(context.settings)
    try:
        resolution = _resolution(reference, index)
    except ModelNotFound:
        if _is_model(folder):
            return _folder(folder)
        _refuse_drafter_by_name(reference, index)
        raise
    except ModelAmbiguous as asked:
        raise fitting_first(context, index, asked, described_hardware) from None
    notices = (*((index.warning,) if index.warning else ()), *resolution.warnings)
    if resolution.passthrough_repo == reference.strip() and _is_model(folder):
        return _folder(folder)
    if resolution.model is None:
        assert resolution.passthrough_repo is not None  # noqa: S101  the other half of Resolution
        lent: tuple[WeightsDescription, Model] | None = None
        repo, form = resolution.passthrough_repo, (resolution.weights_hint or WeightsHint()).quantization
        weights = Weights(source=source or "huggingface", repo_id=repo, verified=False)
        try:
            with _suggesting(repo, index):
                options = _describe_all(context, (weights,), revision, form=form)
        except SourceUnavailable:
            _refuse_drafter_by_name(repo, index)
            if revision is not None or (lent := _form_of_a_known_model(context, weights, index, form)) is None:
                raise
            options = lent[:1]
            why = f"the hub cannot be asked about `{repo}`, so it is planned with the shape of {lent[0].shape_from}"
            notices = (*notices, why)
        return Resolved(
            reference=reference, model_id=resolution.passthrough_repo.lower(), model=None, options=options,
            quantization=form if all(item.format == "gguf" for item in options) else None,
            form_of=lent[1] if lent is not None else None, warnings=notices, notes=resolution.notes,
        )  # fmt: skip
    model, hint = resolution.model, resolution.weights_hint or WeightsHint()
    entry = registered_models(context.settings).of(model, hint.repo_id)
    # Before a hub is asked for what nobody here would run.
    refuse_unrunnable(None if entry is None else entry.model, backend)
    revision = revision or hint.revision
    options = _describe_all(
        context, selected_weights(model, hint, source, revision), revision, model.weights, form=hint.quantization
    )
    return Resolved(
        reference=reference,
        model_id=model.id,
        model=model,
        options=options,
        entry=entry,
        quantization=_wanted_form(model, hint, options),
        warnings=notices,
        notes=resolution.notes,
    )


def _resolution(reference: str, index: Index) -> Resolution:
    """`owner/name:FORM` is read as the address of a repo on Hugging Face where no catalog has such a name, and always
    for a repo of GGUF, as llama.cpp has it.
    """
    if _REPO_AND_FORM.fullmatch(reference.strip()) and "gguf" in words(reference):
        return resolve(f"hf.co/{reference.strip()}", index)
    try:
        return resolve(reference, index)
    except ModelNotFound:
        if _REPO_AND_FORM.fullmatch(reference.strip()) is None:
            raise
        return resolve(f"hf.co/{reference.strip()}", index)


def _refuse_drafter_by_name(name: str, index: Index) -> None:
    """Raise ModelNotFound for what is by its name a drafter of a known model, where nobody can look into it."""
    if (base := drafted_by_name(name, index)) is None:
        return
    repos = {item.repo_id for item in base.weights} if "/" not in name else ()
    meant = (item for item in shipped_drafters().values() if item.of in repos and item.method in name.lower())
    known = next((item for item in meant if item.backends), None)
    said = drafting(base.id if known is None else known.of, known)
    raise unloadable(f"`{name}`", name, said._replace(cause=["so says its name", *said.cause]))


@contextlib.contextmanager
def _suggesting(repo_id: str, index: Index) -> Iterator[None]:
    """Inside, a repo that is not there, or that nobody can be asked for, is answered with names like it."""
    try:
        yield
    except (ModelNotFound, SourceUnavailable) as error:
        near = [name for name in index.near(repo_id) if _is_typing_error(repo_id.lower(), name)][:_MOST_NEAR]
        if not near or "files" in error.details or isinstance(error, Gated | Unauthorized):
            raise
        hint = f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
        hints = [*error.hints, hint]
        raise type(error)(error.message, cause=error.cause, hints=hints, details=error.details) from error


def _is_typing_error(typed: str, name: str) -> bool:
    return typed != name and SequenceMatcher(None, typed.rpartition("/")[2], name.rpartition("/")[2]).ratio() >= _ALIKE


def canonical_id(context: Context, reference: str) -> str | None:
    """The id of the model that the catalog knows under this name; None where it knows none, or several."""
    try:
        resolution = resolve(reference, open_index(context.settings))
    except (ModelNotFound, ModelAmbiguous):
        return None
    return resolution.model.id if resolution.model else None


def _prefix(context: Context, reference: str, source: Source | None, revision: str | None) -> Resolved:
    address = parse_s3(reference)
    if source in HUB_SOURCES:
        raise Usage(f"`{address}` is not on {source}", hints=["drop --source", "or name a repo on that hub"])
    description = context.describer("s3").describe(str(address), revision)
    return Resolved(reference=reference, model_id=address.name, model=None, options=(description,))


def _is_path(reference: str, folder: Path) -> bool:
    """By how it is written, as a shell completes it."""
    if reference.startswith(("/", "./", "../", "~")) or reference in {".", ".."}:
        return True
    return reference.endswith("/") and folder.is_dir()


def _is_model(folder: Path) -> bool:
    return any((folder / name).is_file() for name in CONFIGS)


def _is_weights(path: Path) -> bool:
    return path.suffix in {".gguf", ".safetensors"} and path.is_file()


def _folder(path: Path) -> Resolved:
    """Absolute from here on: what is printed and what a backend is given work from any folder."""
    asked = path.expanduser().absolute()
    try:
        folder = model_folder(path)
        description = describe_folder(folder)
    except OSError as error:
        raise ModelNotFound(
            f"the folder `{asked}` cannot be read",
            cause=[error.strerror or str(error)],
            hints=[f"ls {shlex.quote(str(asked))}"],
            details={"path": str(asked)},
        ) from error
    notes = () if folder == asked else (f"`{asked}` is taken for the folder `{folder}`",)
    empty = f"`{folder}` holds no weights: it can be planned for its `config.json`, and not be deployed"
    return Resolved(
        reference=str(folder), model_id=folder.resolve().name, model=None, options=(description,), notes=notes,
        warnings=(empty,) if description.size_bytes is None else (),
    )  # fmt: skip


def _describe_all(
    context: Context,
    weights: tuple[Weights, ...],
    revision: str | None,
    known_weights: tuple[Weights, ...] = (),
    *,
    form: str | None = None,
) -> tuple[WeightsDescription, ...]:
    """What is known of each, from this machine and from what ships; only if that is nothing, from the hub, and of GGUF
    alone where nobody has read its headers yet. `form` is which of its quantizations.

    Where that cannot be asked, a quantized form has the shape of its model.
    """
    known = with_shared_shape(tuple(describe_here(context, item, revision, known_weights) for item in weights))
    if not weights or (any(item.architecture is not None for item in known) and not _unread(known, form)):
        return known
    try:
        first = _describe_on_hub(context, weights[0], revision, form)
    except SourceUnavailable:
        first = borrowed_shape(known[0], (describe_here(context, item, None, known_weights) for item in known_weights))
        if first.architecture is None:
            raise
    return (first, *known[1:])


def _form_of_a_known_model(
    context: Context, weights: Weights, index: Index, wanted: str | None
) -> tuple[WeightsDescription, Model] | None:
    """A repo that nobody knows, as the form that its name says or that is `wanted`, of the model that the rest of its
    name is, and that model.

    Raises ModelNotFound for a form that no backend loads.
    """
    parts, quantization = without_quantization(words(weights.repo_id.rpartition("/")[2]))
    quantization = wanted or quantization
    try:
        model = resolve(" ".join(parts), index).model if quantization else None
    except (ModelNotFound, ModelAmbiguous):
        return None
    if model is None:
        return None
    form_words = words(weights.repo_id.replace("/", "-"))
    if (foreign := next((NAMED[word] for word in form_words if word in NAMED), None)) is not None:
        raise ModelNotFound(
            f"`{weights.repo_id}` is by its name in {foreign}, which no backend here loads",
            cause=["the hub cannot be asked about it"],
            hints=[f"use the model that these weights were made from: modelscan plan {model.id}"],
            details={"repo_id": weights.repo_id},
        )
    item = describe_here(context, replace(weights, quantization=quantization), None, ())
    form = borrowed_shape(item, (describe_here(context, known, None, model.weights) for known in model.weights))
    return (replace(form, task=form.task or model.task), model) if form.shape_from else None


def _wanted_form(model: Model, hint: WeightsHint, options: Sequence[WeightsDescription]) -> str | None:
    """The quantization that a name asks for. A repo that was named is not left out for its own format, whatever its
    name says of it, unless it has several; and the release stands for the model, also where it is called `…-BF16`.
    """
    if _has_several(options):
        return hint.quantization
    release = model.weights[0].repo_id.casefold() if model.weights else None
    stands_for_all = hint.repo_id is not None and hint.repo_id.casefold() == release
    return None if stands_for_all or _is_named(options, hint) else hint.quantization


def _is_named(options: Sequence[WeightsDescription], hint: WeightsHint) -> bool:
    return {item.repo_id for item in options} == {hint.repo_id}


def _has_several(options: Sequence[WeightsDescription]) -> bool:
    """Whether they are GGUF files, of which a repo has many quantizations side by side."""
    return bool(options) and all(item.format == "gguf" for item in options)


def _unread(options: Sequence[WeightsDescription], form: str | None) -> bool:
    """Whether nobody has read the headers of GGUF files yet, or those of another quantization than the wanted one."""
    if not _has_several(options):
        return False
    first = options[0]
    others = {other.quantization for other in first.forms}
    return first.tensors is None or (first.quantization != form and form in others)


def _describe_on_hub(
    context: Context, weights: Weights, revision: str | None, form: str | None = None
) -> WeightsDescription:
    found = context.describer(weights.source).describe(weights.repo_id, revision or weights.revision, form=form)
    return replace(found, official=weights.official, verified=weights.verified)
