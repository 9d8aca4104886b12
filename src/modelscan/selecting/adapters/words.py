"""Names and places of adapters, as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelscan.errors import Usage
from modelscan.model import Adapter
from modelscan.parsing.regex import regex

ADAPTER_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_NAME = regex(ADAPTER_PATTERN)


def parse_adapters(words: Sequence[str]) -> dict[str, str]:
    """What goes on top of a model, by its name, from `NAME=REPO` and `NAME=FOLDER`. Raises Usage."""
    found: dict[str, str] = {}
    for word in words:
        name, _, place = (part.strip() for part in word.partition("="))
        check_adapter(name, place)
        if found.get(name, place) != place:
            raise Usage(f"two adapters are called `{name}`", hints=["give each a name of its own"])
        found[name] = place
    return {name: adapter_place(place, Path()) for name, place in found.items()}


def check_adapter(name: str, place: str) -> None:
    """Raise Usage for what is no name of an adapter, or leads nowhere."""
    if not place or not _NAME.fullmatch(name):
        raise Usage(
            f"`{name}={place}` does not name an adapter",
            hints=["write it like --adapter sql=owner/repo or --adapter sql=/path/to/folder"],
        )


def adapter_place(place: str, beside: Path) -> str:
    """A repo as it is; a folder, relative to `beside`, absolute: what is printed and kept works from anywhere."""
    path = beside / Path(place).expanduser()
    is_path = place.startswith(("/", "./", "../", "~")) or path.exists()
    return str(path.absolute()) if is_path else place


def adapter_location(adapter: Adapter, here: Path) -> str:
    """What a backend is given of an adapter that lies here: its folder, or its file in GGUF."""
    if adapter.format == "gguf" and here.is_dir():
        return str(here / adapter.file)
    return str(here)
