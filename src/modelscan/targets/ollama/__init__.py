"""The user's Ollama as a target: it has the models, loads and unloads them; its daemon is never started or stopped.

    target     the target itself
    daemon     what is asked of its API
    observing  what a record is, by what Ollama says of its model (pure)

A deployment keeps the address that it was made with.
"""
