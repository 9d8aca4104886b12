"""How much a backend does in one step where nobody says: its defaults, which depend on the GPU."""

from __future__ import annotations

CPU_STEP_TOKENS = 4096  # more than the API server's 2048, as much as a script's: the memory is the host's
