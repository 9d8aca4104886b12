"""A GPU whose memory is a file: fake vLLMs write what they hold into it, and the fake NVML reads it."""

from __future__ import annotations

from pathlib import Path

from tests.hardware.nvml import compile_nvml

from modelscan.units import GIB

_TOTAL_BYTES = 80 * GIB
USABLE_BYTES = 79 * GIB
_SCENARIO = f"driver 580.95.05\ngpu\nname NVIDIA H100 80GB HBM3\ntotal {_TOTAL_BYTES}\nreserved {GIB}\ncc 9.0\nledger "


def gpu_in_a_file(folder: Path) -> dict[str, str] | None:
    """The environment in which there is such a GPU; None without a C compiler. `overbooked` says what was too much."""
    folder.mkdir()
    if compile_nvml(folder) is None:
        return None
    ledger = folder / "ledger"
    ledger.touch()
    (folder / "scenario").write_text(f"{_SCENARIO}{ledger}\n")
    return {
        "LD_LIBRARY_PATH": str(folder),
        "CUDA_FAKE_NVML": str(folder / "scenario"),
        "CUDA_FAKE_LEDGER": str(ledger),
        "CUDA_FAKE_TOTAL": str(USABLE_BYTES),
    }


def overbooked(folder: Path) -> str:
    """Who wanted more than there was; empty if nobody did."""
    path = folder / "ledger.overbooked"
    return path.read_text() if path.exists() else ""
