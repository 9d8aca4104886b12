"""`modelscan schema NAME`: the JSON Schema of a document."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.output.output import Output

# The names are written out so that completion and help need not import what makes the schemas.
DOCUMENTS = (
    "catalog-add", "catalog-diff", "deployment", "error", "gpu", "model", "plan", "refresh", "routes", "version",
    "weights",
)  # fmt: skip


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help=f"One of: {', '.join(DOCUMENTS)}.",
            autocompletion=lambda incomplete: [word for word in DOCUMENTS if word.startswith(incomplete)],
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of a document, or the names of the documents."""
    from modelscan.verbs.maintain.schema import document_schema

    if name is None:
        Output(quiet=True).document(list(DOCUMENTS), lambda _: None, DOCUMENTS)
        return
    Output(json=True).document(document_schema(name), lambda _: None)
