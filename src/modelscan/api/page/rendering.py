"""Templates and what the browser loads: HTML out, every value escaped, headers that allow nothing foreign."""

from __future__ import annotations

import itertools
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from modelscan import __version__
from modelscan.api.page.assets import address
from modelscan.units import format_about, format_bytes, format_count, format_price, format_seconds, format_tokens

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TEMPLATES = Environment(
    loader=PackageLoader("modelscan.api.page"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def rendered(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a piece of one for htmx."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), status, headers=_HEADERS)


def _moment(at: str | None) -> str:
    """`12-01 08:44:12` of RFC 3339 text, which is in UTC."""
    return at[5:19].replace("T", " ") if at else "-"


def _dollars(price: float | None) -> str:
    return "-" if price is None else format_price(price)


def _hint_parts(hint: str) -> tuple[str, str]:
    """A hint's words for people, and its command."""
    words, found, rest = hint.partition("modelscan ")
    is_command = found and (not words or words.endswith(": "))
    return (words.removesuffix(": "), found + rest) if is_command else (hint, "")


def _page_of(command: str) -> str:
    """The address of the page that shows what a command does; empty for commands that have none."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    match words:
        case ["modelscan", "plan", model, *options]:
            pairs = [
                (option[2:].replace("-", "_"), value)
                for option, value in itertools.pairwise(options)
                if option.startswith("--")
            ]
            return f"/ui/plan?{urlencode([('model', model), *pairs])}"
        case ["modelscan", "catalog", "search", *names] if not any(name.startswith("-") for name in names):
            return f"/ui/find?{urlencode({'q': ' '.join(names)})}"
    return ""


_TEMPLATES.filters |= {
    "hint_parts": _hint_parts,
    "quoted": lambda text: shlex.quote(str(text)),
    "page_of": _page_of,
    "size": format_bytes,
    "tokens": format_tokens,
    "count": format_count,
    "span": format_seconds,
    "moment": _moment,
    "dollars": _dollars,
    "part": lambda text: quote(str(text), safe=""),
    "path": lambda text: quote(str(text), safe="/:"),
}
_TEMPLATES.globals |= {"static": address, "version": __version__, "about": format_about}
