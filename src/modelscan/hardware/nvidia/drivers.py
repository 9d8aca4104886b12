"""Which NVIDIA driver each CUDA version needs."""

from __future__ import annotations

# CUDA release notes, table "CUDA Toolkit and Corresponding Driver Versions", Linux.
_DRIVERS = (
    ("13.0", "580.65.06"),
    ("12.9", "575.51.03"),
    ("12.8", "570.26"),
    ("12.6", "560.28.03"),
    ("12.4", "550.54.14"),
    ("12.1", "530.30.02"),
    ("11.8", "520.61.05"),
)


def driver_for(cuda: float) -> str | None:
    """The oldest driver that runs programs built for a CUDA version; None where it is unknown."""
    return next((driver for version, driver in _DRIVERS if float(version) == cuda), None)


def cuda_of(driver: str) -> str | None:
    """The newest of the CUDA versions above that a driver supports; None where `driver` is not a version."""
    numbers = _numbers(driver)
    return next((version for version, oldest in _DRIVERS if numbers and numbers >= _numbers(oldest)), None)


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
