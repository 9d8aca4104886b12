"""The fake NVML, compiled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def compile_nvml(folder: Path) -> Path | None:
    """Put a libnvidia-ml.so.1 of ours into a folder, which it returns; None where there is no C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "libnvidia-ml.so.1"
    source = Path(__file__).with_name("fake_nvml.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-Wl,-soname,libnvidia-ml.so.1", "-o", library, source], check=True)
    return folder
