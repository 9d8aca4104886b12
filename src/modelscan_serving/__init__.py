"""Programs that run inside a backend's environment, with that environment's Python.

They import nothing of modelscan, and modelscan imports none of them: it starts `python -m modelscan_serving.NAME` with
this package's parent on the path.
"""
