"""What a search or a list is limited to, and where the folders are that ship with the program."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError
from modelscan.storage.shipped import shipped

if TYPE_CHECKING:
    from modelscan.model import Model


SHIPPED_FOLDER = "shipped:"


_LARGEST_INTEGER = 2**63 - 1  # of SQLite


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """Limits of a search or list. `capability` is a word of the interface: tool_call, reasoning, vision,
    structured_output; `license` matches the beginning, so that `llama` finds `llama3.1`.
    """

    task: str | None = None
    capability: str | None = None
    max_parameters: int | None = None
    license: str | None = None
    source: str | None = None
    open_only: bool = False

    def allow(self, model: Model) -> bool:
        """Whether a model that is in no index passes. An unknown value does not."""
        can = {name for name in ("tool_call", "reasoning", "structured_output") if getattr(model.capabilities, name)}
        return (
            self.task in {None, model.task}
            and self.capability in {None, *can, *model.tags}
            and (self.max_parameters is None or (model.parameters or self.max_parameters + 1) <= self.max_parameters)
            and (not self.license or (model.license or "").lower().startswith(self.license.lower()))
            and self.source in {None, *(weights.source for weights in model.weights)}
            and (not self.open_only or bool(model.open_weights))
        )

    def where(self) -> tuple[str, list[object]]:
        """SQL over the table `models`, and its values."""
        clauses: list[tuple[str, list[object]]] = []
        if self.task:
            clauses.append(("task = ?", [self.task]))
        if self.capability:
            clauses.append(("instr(tags, ?)", [f" {self.capability} "]))
        if self.max_parameters is not None:
            clauses.append(("parameters <= ?", [min(self.max_parameters, _LARGEST_INTEGER)]))
        if self.license:
            clauses.append(("lower(license) LIKE ? || '%'", [self.license.lower()]))
        if self.source:
            clauses.append(("instr(sources, ?)", [f" {self.source} "]))
        if self.open_only:
            clauses.append(("open", []))
        values = [value for _, given in clauses for value in given]
        return " AND ".join(clause for clause, _ in clauses) or "1", values


def locate(repo: str | None) -> str | None:
    """A repo as it is, a shipped folder as a path. Where this installation lacks the folder its name stays: search and
    list still work, and describing these weights fails.
    """
    if repo is None or not repo.startswith(SHIPPED_FOLDER):
        return repo
    with contextlib.suppress(ModelscanError):
        return str(shipped(repo.removeprefix(SHIPPED_FOLDER)))
    return repo
