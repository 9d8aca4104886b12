"""Routes, one module per subject; each has its `router`.

deployments shown, deployed, started, stopped, removed
plans       what `deploy` would do and why
catalog     models that can be found, and the GPUs of this machine
jobs        long work: shown and ended
events      what happens, as it happens; logs
models      models of one's own
gateway     the gateway, and the routes to what is ready
ollama      read-only answers for tools that speak Ollama's
health      whether it answers
playground  models of the Playground API
"""
