"""The lease on GPUs for a start: one backend at a time measures and takes memory there.

Two that start side by side would each take the other's half-loaded weights for somebody else's memory, and vLLM gives
up when what is free changes while it measures (0.32: utils/mem_utils.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.storage.locks import Lock
from modelscan.storage.paths import Paths


class GpuLease:
    """The locks of some GPUs, all or none. Without GPUs it is always granted."""

    def __init__(self, paths: Paths, gpu_indices: Sequence[int]) -> None:
        self._locks = [Lock(paths.locks_folder / f"gpu-{index}.lock") for index in sorted(gpu_indices)]

    def try_take(self, note: str) -> bool:
        taken: list[Lock] = []
        for lock in self._locks:
            if not lock.try_acquire(note):
                for other in taken:
                    other.release()
                return False
            taken.append(lock)
        return True

    def release(self) -> None:
        """Also when it was never taken."""
        for lock in self._locks:
            lock.release()
