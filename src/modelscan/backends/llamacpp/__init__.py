"""llama.cpp: `llama-server`, the user's own build, or the one for CPUs that comes in a wheel.

about      what it says of itself
runs       its command line
offloads   what it takes of GPUs and of the host's memory
allowed    arguments and environment variables that it may be given
explains   its log, metrics and failures
log        phases and figures in its log
causes     how it fails
probes     how an installed one is known
adapts     adapters on top of its models
installs   its environment
"""
