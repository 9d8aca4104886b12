"""Changing one option of a backend's command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelscan.model import Deployment

_PORT = "--port"


def on_port(deployment: Deployment, port: int) -> dict[str, Any]:
    """The changes that bring a deployment to another port."""
    address = f"http://localhost:{port}"
    argv = with_option(deployment.argv, _PORT, str(port)) or deployment.argv
    return {"port": port, "base_url": address, "openai_base_url": f"{address}/v1", "argv": argv}


def with_option(argv: Sequence[str], option: str, value: str) -> tuple[str, ...] | None:
    """The command line with another value of an option; None where the option is not there, or more than once."""
    places = [number for number, word in enumerate(argv) if word == option]
    if len(places) != 1 or places[0] + 1 >= len(argv):
        return None
    place = places[0] + 1
    return (*argv[:place], value, *argv[place + 1 :])
