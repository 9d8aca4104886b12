"""Logs and metrics, whatever the backend: `logtext` strips lines, `metrics` sums series, `diagnosis` finds the first
known cause of an end; `common_causes` and `weights_causes` are the tables that backends share, `plain` is for a backend
without its own.
"""
