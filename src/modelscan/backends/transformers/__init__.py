"""Transformers, and what stands on it: sentence-transformers and diffusers, behind a server of our own.

about      what it says of itself
runs       its command line
causes     how it fails
explains   its log, metrics and failures
occupies   what it takes of memory beside weights
installs   its environment
probes     how an installation is recognized
"""
