"""vLLM.

about       what it says of itself
runs        its command line
variables   environment variables that it may be given
estimates   its memory
explains    its log, metrics and failures
log         phases and figures in its log
causes      how it fails
adapts      adapters on top of its models
installs    its environments
probes      how an installation is recognized
compressed  the cache groups of models with compressed attention
speculation  the drafting that its arguments ask for
classifiers  rerankers that are released as models that generate
"""
