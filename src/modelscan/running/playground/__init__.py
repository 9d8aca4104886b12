"""Models of the Playground API in motion: each step is found again in the row, the jobs and the deployments.

sight      what jobs, deployments and the gateway's table say of them
commands   the commands that pull weights and serve them
elsewhere  the name of a model where somebody else serves it
ending     what is taken away: inferences, pulls, secrets, weights
purging    the files that were brought for it, deleted
take_up    what was begun and broken off, taken up again
looking    models as they are now
"""
