"""The isolated environment of each backend: find what is there, install, check, remove."""
