"""Where deployments run, behind the Protocol `Target`.

    target       what a target does, and the values that are handed to it
    registry     the targets by name: a line each, loaded on use
    site         what a target works with here: folders, clock, pace, the user's environment
    pace         how often one looks, and how long one waits
    deployments  what runs and ran, and what is done to it: the one door for the rooms above
    waiting      following a deployment until it is ready or over
    local/       this machine: a supervisor for every deployment

Nothing above knows which target a deployment has; only the registry names them.
"""
