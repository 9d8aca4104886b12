"""Who serves a request, when, and what has to make room. Pure: the world is behind `Effects`.

balancer   which of several endpoints gets the next request
eviction   which idle deployments are stopped so that another fits
scheduler  one loop of events: asked, served, started, stopped, time passed
ticket     a request that waits for its turn
"""
