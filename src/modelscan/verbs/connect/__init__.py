"""Making deployments reachable.

connect settings of other programs
gateway  the one address in front of them: started, stopped, looked at
api      the same verbs over HTTP, and the page
keys     the keys that its clients show
names    aliases, fallbacks, weights
env     environment variables for clients
routes  routes to ready deployments
"""
