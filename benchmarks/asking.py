"""The program as a person meets it, in this process: words of a command line in, its JSON and its exit status out.

What is measured against people's own words and machines goes through here, so that it knows nothing of the program
but the contract of its command line. No network, no files of this machine: what ships is all that is known.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelscan.cli import main

ACCEPTED, NO_FIT = 0, 4
# What is missing where a repo, or a model in a format, is not known without a network.
_UNKNOWN_HERE = frozenset({"source_unavailable", "model_not_found", "no_weights"})
# Formats of 4-bit integers: which one does not change what weights take.
_INTEGERS = {"AWQ": "INT4", "GPTQ": "INT4"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`document` is what came on stdout, `error` the object on stderr; either may be None."""

    status: int
    document: Any = None
    error: Mapping[str, Any] | None = None

    @property
    def chosen(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.document.get("chosen") if isinstance(self.document, dict) else None
        return found

    @property
    def code(self) -> str:
        """The code of a failure; of a plan that finds no fit, that of the nearest miss. Empty where there is none."""
        rejected = self.document.get("rejected") if isinstance(self.document, dict) else None
        if self.status == NO_FIT and rejected:
            return str(rejected[0]["code"])
        return str(self.error["code"]) if self.error else ""

    @property
    def why(self) -> str:
        """The sentence of a failure; of a plan that finds no fit, that of the nearest miss."""
        rejected = self.document.get("rejected") if isinstance(self.document, dict) else None
        if self.status == NO_FIT and rejected:
            return str(rejected[0]["reason"])
        return str(self.error["message"]) if self.error else ""


@dataclass(slots=True)
class Program:
    """`folder` holds the catalogs that a plan is told of besides what ships, one folder for each model and format."""

    folder: Path
    _releases: dict[str, tuple[str, str] | None] = field(default_factory=dict)

    def ask(self, *words: str, catalogs: Path | None = None) -> Answer:
        """One command line, with `--json`. `catalogs` is a folder of a user's own catalogs."""
        os.environ.pop("MODELSCAN_CATALOG_DIRS", None)
        if catalogs is not None:
            os.environ["MODELSCAN_CATALOG_DIRS"] = str(catalogs)
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as said:
            status = main(["--offline", *words, "--json"])
        error = json.loads(said.getvalue().splitlines()[-1])["error"] if status and said.getvalue() else None
        if error and error["code"] == "bug":
            raise RuntimeError(f"{' '.join(words)}: {error}")  # a figure that stands on a bug is none
        return Answer(status=status, document=json.loads(out.getvalue()) if out.getvalue() else None, error=error)

    def plan(self, model: str, quantization: str | None, *options: str) -> tuple[Answer, bool]:
        """The plan, and whether it had to be told that the model comes in this format.

        A format of which no weights are known offline, and a stranger's repo, are then a further form of the model
        that `model` names, in a catalog of the user's own; its shape is that of the model.
        """
        said = ("--quantization", quantization) if quantization else ()
        first = self.ask("plan", model, *said, *options)
        if first.code not in _UNKNOWN_HERE or quantization is None:
            return first, False
        release = self._release(model)
        if release is None:
            return first, False
        form = _INTEGERS.get(quantization, quantization)
        catalogs = self._told(release[1], form)
        second = self.ask("plan", release[0], "--quantization", form, *options, catalogs=catalogs)
        return (first, False) if second.code in _UNKNOWN_HERE else (second, True)

    def _release(self, model: str) -> tuple[str, str] | None:
        """The id of a model, and the repo of its release, where a catalog knows them."""
        if model not in self._releases:
            known = self.ask("catalog", "info", model).document or {}
            repos = [item["repo_id"] for item in known.get("weights", ()) if item["source"] == "huggingface"]
            self._releases[model] = (known["id"], repos[0]) if repos else None
        return self._releases[model]

    def _told(self, repo: str, quantization: str) -> Path:
        # Named so that the catalog goes on taking the release, which is the first of a model's weights, for it.
        form = {"hf_repo_id": f"{repo}-told-{quantization}", "quantization": quantization}
        text = json.dumps({"models": [{"hf_repo_id": repo, "variants": [form]}]})
        place = self.folder / "catalogs" / hashlib.sha256(text.encode()).hexdigest()[:16]
        if not place.exists():
            place.mkdir(parents=True)
            (place / "told.yaml").write_text(text, encoding="utf-8")  # JSON is YAML
        return place


@contextlib.contextmanager
def program() -> Iterator[Program]:
    """The program in a folder of its own, with nothing of the user's in its environment."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.clear()
        os.environ.update({"HOME": folder, "MODELSCAN_HOME": folder, "PATH": before.get("PATH", os.defpath)})
        try:
            yield Program(Path(folder))
        finally:
            os.environ.clear()
            os.environ.update(before)


def cell(text: str) -> str:
    """Text for a cell of a Markdown table: one line, no bars."""
    return " ".join(text.split()).replace("|", "/")
