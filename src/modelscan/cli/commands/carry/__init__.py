"""Weights on this machine: `pull`, and `weights` with what they take."""
