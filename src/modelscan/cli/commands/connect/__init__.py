"""Making models reachable.

env     `env`: environment variables for clients
routes  `routes show` and `export`
"""
