"""Where deployments run, behind the Protocol `Target`.

    target       what a target does, and the values that are passed to it
    registry     the targets by name: a line each, loaded on use
    site         what a target works with: folders, clock, pace, the user's environment
    published    the files in which ready deployments are published
    publish      writing them
    pace         how often to probe, and how long to wait
    deployments  what runs and ran, and every operation on it: the one door for the layers above
    waiting      following a deployment until it is ready or over
    local/       this machine: a supervisor for every deployment
    ollama/      the user's Ollama: models that it has, loaded and unloaded

Nothing above knows which target a deployment has; only the registry names them.
"""
