"""The header of a safetensors file on disk."""

from __future__ import annotations

from pathlib import Path

from modelscan.errors import ModelscanError
from modelscan.weights.reading.safetensors import _PREFIX, TensorSums, header_end, parse_header


def read_header(path: Path) -> TensorSums:
    """The sums of one file. Raises ModelscanError for a file that is damaged or cut off."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            prefix = file.read(_PREFIX)
            content = prefix + file.read(header_end(prefix, size) - _PREFIX)
        return parse_header(content, size)
    except OSError as error:
        raise _damaged(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, cause: str) -> ModelscanError:
    return ModelscanError(
        f"the weights file `{path}` is damaged",
        cause=[cause],
        hints=[f"download it again, after: rm '{path}'"],
        details={"path": str(path)},
    )
