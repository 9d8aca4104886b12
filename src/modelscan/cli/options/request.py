"""Options that make one request: declared once, taken by several commands, passed to each as one value."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from modelscan.cli.options.shared import ModelId, OptionalModelId

Command = Callable[..., int | None]
# By the name of the parameter: its annotation for Typer, and its default.
Declared = Mapping[str, tuple[Any, Any]]

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def option(kind: Any, *names: str, panel: str, help: str, default: Any = None, **more: Any) -> tuple[Any, Any]:  # noqa: A002
    return Annotated[kind, typer.Option(*names, help=help, rich_help_panel=panel, **more)], default


def takes(declared: Declared, build: Callable[..., Any]) -> Callable[[Command], Command]:
    """For Typer, replace a command's parameter `request` with the model's ID and these options, and build their values
    into one request. A command that takes `--file` may omit the ID.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters
        id_ = (OptionalModelId, None) if "file" in own else (ModelId, inspect.Parameter.empty)
        options = [
            inspect.Parameter(name, _KEYWORD, annotation=annotation, default=default)
            for name, (annotation, default) in {"model": id_, **declared}.items()
        ]
        parameters = [
            made
            for name, parameter in own.items()
            for made in (options if name == "request" else [parameter.replace(kind=_KEYWORD)])
        ]

        @functools.wraps(command)
        def with_request(**values: Any) -> int | None:
            given = {name: values.pop(name) for name in ("model", *declared)}
            return command(request=build(**given), **values)

        with_request.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        with_request.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return with_request

    return decorate
