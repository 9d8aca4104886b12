"""Several deployments on one machine: planned together, so that all fit where one after the other would not.

ways      how much memory a model needs on each choice of GPUs, step by step down to the least
pack      one way for each, so that none goes beyond a GPU's memory
share     the memory that is left over, dealt out
remedies  where not all fit, the smallest change after which they would
"""
