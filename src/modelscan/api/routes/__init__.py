"""Routes, one module per subject; each has its `router`.

health  whether it answers
playground  models of the Playground API
"""
