"""The gateway as a process: it is known by its lock, never by a pid alone.

process  found and stopped
starting started in the background, or in the foreground
standing whether it is already as a file wants it
"""
