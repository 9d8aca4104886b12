"""Options, each declared once.

shared        options of many commands
plan          the options that make a PlanRequest
deploy        the options that make a DeployRequest, those of a plan among them: `plan`, `deploy`, `run`
request       the decorator that turns declared options into one request
quantization  `--quantization`: words in any case
backend       `--backend`: names from the registry
words         closed lists in help texts
logs          what of a log is shown
complete      shell completion of ids, names, GPUs and settings
"""
