"""What is asked of Ollama's own API, of which its OpenAI routes are no part.

Source of routes, shapes and words: ollama/ollama, `docs/api.md` and `server/routes.go`, MIT.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import ModelNotFound, SourceUnavailable
from modelscan.model.words import Task
from modelscan.parsing.text import clean
from modelscan.routing.ollama import normal_tag, not_there
from modelscan.system.streaming import get_json, post_for_lines

_ANSWER_SECONDS = 5.0
_PULL_PAUSE_SECONDS = 300.0  # it looks for the manifest, or checks digests, without a word
_UNKNOWN = "file does not exist"
_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedTag:
    """A model that it has: `entry` is its row of the list."""

    digest: str
    size_bytes: int
    entry: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedModel:
    """A model in memory, as Ollama counts it: `gpu_bytes` of its `size_bytes` are on GPUs."""

    size_bytes: int
    gpu_bytes: int
    context_length: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PullStep:
    """`words` are Ollama's; the sizes are of all layers that it has spoken of so far."""

    words: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class Daemon:
    """Ollama at an address without a path. Everything raises SourceUnavailable: where it does not answer, with the next
    command; where it refuses, with what it says, and the `status` in the details.
    """

    address: str

    def version(self) -> str | None:
        found = self._get("/api/version").get("version")
        return clean(found)[:_LONGEST] if isinstance(found, str) else None

    def listed(self, tag: str) -> ListedTag | None:
        """None for a model that it does not have."""
        found = self._row("/api/tags", tag)
        if found is None:
            return None
        return ListedTag(digest=str(found.get("digest") or ""), size_bytes=_count(found.get("size")) or 0, entry=found)

    def loaded(self, tag: str) -> LoadedModel | None:
        """None for a model that is not in memory."""
        found = self._row("/api/ps", tag)
        if found is None:
            return None
        return LoadedModel(
            size_bytes=_count(found.get("size")) or 0,
            gpu_bytes=_count(found.get("size_vram")) or 0,
            context_length=_count(found.get("context_length")),
        )

    def purpose(self, tag: str) -> tuple[Task, str | None]:
        """What a model is for, and its quantization, where that is known."""
        shown = self._post("/api/show", {"model": tag}, timeout=_ANSWER_SECONDS)
        can, details = shown.get("capabilities"), shown.get("details")
        level = details.get("quantization_level") if isinstance(details, Mapping) else None
        words = can if isinstance(can, list) else []
        only_embeds = "embedding" in words and "completion" not in words
        return "embed" if only_embeds else "chat", clean(level)[:_LONGEST] if isinstance(level, str) and level else None

    def pull(self, tag: str) -> Iterator[PullStep]:
        """Closing it ends the download, which a later one resumes. Raises ModelNotFound for an unknown name."""
        sizes: dict[str, tuple[int, int]] = {}
        try:
            for line in self._lines("/api/pull", {"model": tag, "stream": True}, timeout=_PULL_PAUSE_SECONDS):
                said = _unless_error(_said(line))
                if digest := said.get("digest"):
                    sizes[str(digest)] = (_count(said.get("completed")) or 0, _count(said.get("total")) or 0)
                yield PullStep(
                    words=clean(str(said.get("status") or ""))[:_LONGEST],
                    done_bytes=sum(done for done, _ in sizes.values()),
                    total_bytes=sum(total for _, total in sizes.values()),
                )
        except SourceUnavailable as error:
            raise _not_pulled(tag, error) from error

    def load(self, tag: str, task: Task) -> None:
        """Load it for good, and return when it is loaded: it stops loading when the connection closes."""
        if task == "embed":  # it refuses to generate, so one real call is made
            self._post("/api/embed", {"model": tag, "input": "ready", "keep_alive": -1})
        else:
            self._post("/api/generate", {"model": tag, "keep_alive": -1, "stream": False})

    def unload(self, tag: str) -> None:
        """It leaves the memory as soon as its last request is answered."""
        self._post("/api/generate", {"model": tag, "keep_alive": 0, "stream": False}, timeout=60.0)

    def delete(self, tag: str) -> None:
        for _ in self._lines("/api/delete", {"model": tag}, timeout=60.0, method="DELETE"):
            pass

    def _row(self, path: str, tag: str) -> Mapping[str, Any] | None:
        rows = self._get(path).get("models")
        for row in rows if isinstance(rows, list) else []:
            name = row.get("name") if isinstance(row, Mapping) else None
            if isinstance(name, str) and normal_tag(name).casefold() == tag.casefold():
                found: Mapping[str, Any] = row
                return found
        return None

    def _get(self, path: str) -> Mapping[str, Any]:
        try:
            found = get_json(f"{self.address}{path}", timeout=_ANSWER_SECONDS)
        except SourceUnavailable as error:
            raise self._explained(error) from error
        return found if isinstance(found, Mapping) else {}

    def _post(self, path: str, document: Mapping[str, Any], *, timeout: float | None = None) -> Mapping[str, Any]:
        """The document, or the last line. Without `timeout` it may take its time: Ollama limits a load itself."""
        last: Mapping[str, Any] = {}
        for line in self._lines(path, document, timeout=timeout):
            last = _unless_error(_said(line))
        return last

    def _lines(
        self, path: str, document: Mapping[str, Any], *, timeout: float | None, method: str = "POST"
    ) -> Iterator[str]:
        try:
            yield from post_for_lines(f"{self.address}{path}", document, timeout=timeout, method=method)
        except SourceUnavailable as error:
            raise self._explained(error) from error

    def _explained(self, error: SourceUnavailable) -> SourceUnavailable:
        return error if "status" in error.details else not_there(self.address, error)


def _not_pulled(tag: str, error: SourceUnavailable) -> SourceUnavailable | ModelNotFound:
    if any(_UNKNOWN in text for text in error.cause):
        return ModelNotFound(
            f"Ollama's registry has no `{tag}`",
            cause=error.cause,
            hints=[f"what there is: https://ollama.com/search?q={tag.partition(':')[0].rpartition('/')[2]}"],
            details={"model": tag},
        )
    if error.hints:  # it does not answer any more
        return error
    return SourceUnavailable(
        f"Ollama could not pull `{tag}`",
        cause=error.cause,
        hints=["what is there already is kept: the same command again goes on with it"],
        details=error.details,
    )


def _unless_error(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a line says; once the answer has begun, an error is a line too."""
    if error := said.get("error"):
        raise SourceUnavailable("Ollama broke it off", cause=[clean(str(error))], details={"status": 200})
    return said


def _said(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line) if line.strip() else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
