"""The real entry point, as for the command line."""

from __future__ import annotations

from tests.cli.conftest import folder, modelscan, vllm  # noqa: F401  fixtures
