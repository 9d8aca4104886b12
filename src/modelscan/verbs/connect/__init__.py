"""Making deployments reachable.

env     environment variables for clients
routes  routes to ready deployments
"""
