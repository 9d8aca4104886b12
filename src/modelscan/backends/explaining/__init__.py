"""Logs, metrics and failures, whatever the backend.

logtext         log lines without colour, progress bars and prefixes
metrics         sums over the series of /metrics
diagnosis       the first known cause of a failure
common_causes   causes that every backend shares
weights_causes  causes that lie in the weights
plain           for a backend without a log reader of its own
"""
