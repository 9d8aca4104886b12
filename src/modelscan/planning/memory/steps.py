"""How many tokens a backend computes in one step by default."""

from __future__ import annotations

CPU_STEP_TOKENS = 4096  # more than the API server's 2048, as much as a script's: the memory is the host's
