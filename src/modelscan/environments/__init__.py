"""The isolated environment of each backend.

find        finds installed backends: modelscan's own environments and others
install     creates an environment: choose versions, build, check, record
build       the uv commands that resolve and build it
extras      adds what it also runs without, proven by an import
recipes     what to install for a backend, version and device
record      the record of a finished environment
remove      deletes an environment
serving     gives an environment a program of ours
streamer    adds the packages that read weights from S3
uv          finds or installs uv, and explains its errors
pip_config  translates pip's configuration for uv
locations   folders, locks and environment variables
failures    the errors of an installation, with hints
"""
