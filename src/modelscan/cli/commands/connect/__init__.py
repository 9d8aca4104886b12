"""Making models reachable.

connect `connect`: settings of other programs
api      `api start`, `stop`, `restart`, `status`, `run`, and `ui`
gateway  `gateway start`, `stop`, `restart`, `reload`, `status`, `logs`, `run`
keys     `gateway keys add`, `list`, `revoke`
names    `routes alias`, `fallback`, `weight`
env     `env`: environment variables for clients
routes  `routes show` and `export`
"""
