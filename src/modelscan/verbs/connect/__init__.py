"""Making it reachable.

env     the environment of clients, for one deployment
routes  the routes that lead to what is ready
"""
