"""`modelscan schema NAME`: the JSON Schema of a document."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.complete import complete_words
from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.verbs.maintain.schema import DOCUMENTS, document_schema


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help=f"One of: {', '.join(DOCUMENTS)}.",
            autocompletion=complete_words(DOCUMENTS),
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    if name is None:
        Output(json=json, quiet=True).document(list(DOCUMENTS), lambda _: None, DOCUMENTS)
        return
    Output(json=True).document(document_schema(name), lambda _: None)
