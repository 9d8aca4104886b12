"""Making models reachable.

connect `connect`: settings of other programs
env     `env`: environment variables for clients
routes  `routes show` and `export`
"""
