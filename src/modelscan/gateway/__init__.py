"""The one address in front of deployments and upstreams: a process of its own.

It is a service (`services/`): a keeper starts `python -m modelscan.gateway.serve`, which answers. Verbs and supervisors
of deployments write the table that it reads (`routing/compiled`); it starts and stops deployments by running the
command.

serve      the process that serves: its loop, its signals, what it says of itself
gateway    table, keys, connections: what everything else happens in
http/      the side of the client
exchange/  one request, from its head to the end of its answer
bodies/    what a body says, and how little of it is changed (pure)
upstream/  the side of the endpoints
scheduling/  who serves, when, and what makes room (pure)
naming     from a client's name to what may serve it (pure)
access     keys
commands   starting and stopping deployments
metrics    what is counted
journal    the access log
log_pipe   how its lines get to who keeps it
accounts   what is counted and logged of requests that are over, some at a time
"""
