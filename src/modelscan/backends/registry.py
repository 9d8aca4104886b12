"""The backends, by name. A new one is a folder and one line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelscan.backends.backend import Backend


class Registry(Mapping[str, Backend]):
    """Names in the order in which backends are asked; nothing of one is loaded before it is asked for."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._backends = {name: Backend(name, folder) for name, folder in folders.items()}

    def __getitem__(self, name: str) -> Backend:
        return self._backends[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._backends)

    def __len__(self) -> int:
        return len(self._backends)

    @property
    def usual(self) -> Backend:
        """The one where nothing speaks for another: the first that says so of itself."""
        return next(backend for backend in self.values() if backend.about.usual is not None)


BACKENDS = Registry(
    {
        "vllm": "modelscan.backends.vllm",
        "sglang": "modelscan.backends.sglang",
        "llamacpp": "modelscan.backends.llamacpp",
        "transformers": "modelscan.backends.transformers",
    }
)
