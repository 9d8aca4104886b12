"""Programs that run inside a backend's environment, with that environment's Python.

They import nothing of modelscan, and modelscan imports none of them: an environment has a copy of this package, and a
program that calls the `main` of `modelscan_serving.NAME`.

handlers/  the server of the transformers backend
llamacpp/  a llama-server for machines without one
"""
