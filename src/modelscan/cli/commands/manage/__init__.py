"""Deployments that exist: shown, awaited, started, stopped, removed.

listing  `list` and `ps`
status   `status`
logs     `logs`
events   `events`
wait     `wait`
start    `start` and `restart`
stop     `stop`
remove   `remove`
"""
