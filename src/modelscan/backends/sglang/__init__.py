"""SGLang.

about      what it says of itself
runs       its command line
variables  environment variables that it may be given
estimates  its memory
explains   its log, metrics and failures
log        phases and figures in its log
causes     how it fails
adapts     adapters on top of its models
installs   its environments
"""
