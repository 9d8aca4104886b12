"""What tests of the API share with those of the command line."""

from tests.cli.conftest import folder, modelscan, vllm  # noqa: F401  fixtures
