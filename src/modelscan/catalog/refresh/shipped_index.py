"""Build the index that ships with the program. Called by the build hook; needs the standard library and YAML."""

from __future__ import annotations

from pathlib import Path

from modelscan.catalog.index.build import build_index
from modelscan.catalog.index.schema import SHIPPED_NAME
from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.shapes import with_shapes
from modelscan.catalog.refresh.shapes import Shapes
from modelscan.catalog.refresh.shipped import read_facts, read_ours, read_tables_of_ours


def build_shipped_index(catalogs: Path, folder: Path) -> Path:
    """Write the index of the facts in `catalogs` into a folder, in one step. Returns its path."""

    def read(name: str) -> str:
        return (catalogs / name).read_text(encoding="utf-8")

    tables = read_tables_of_ours(read)
    ours, our_states = read_ours(read)
    facts, fact_states = read_facts(read)
    path = folder / SHIPPED_NAME
    unfinished = folder / f"{SHIPPED_NAME}-new"
    unfinished.unlink(missing_ok=True)
    said = Shapes(read)
    merged = list(with_shapes(merge([*ours, *facts.records], tables), said))
    build_index(unfinished, merged, tables, [*our_states, *fact_states], [*facts.attached, *said.attached()])
    unfinished.replace(path)
    return path
