"""Weights on this machine.

pull     `pull`: download what `deploy` would use
weights  `weights list`, `remove` and `prune`
verify   `weights verify`
"""
