"""Making models reachable.

env     `env`: the environment of a client
routes  `routes show` and `export`
"""
