"""Making deployments reachable.

connect settings of other programs
env     environment variables for clients
routes  routes to ready deployments
"""
