"""Processes of modelscan's own that go on serving: the gateway and the HTTP API.

`python -m modelscan.services NAME` keeps one, by its lock, its port and its log, and starts what serves again.

service   which there are
files     their files, and what they say of themselves
keeper    the small process that holds lock, port and log
process   one found and stopped; it is known by its lock, never by a pid alone
logs      what they say, read and added to
starting  one started in the background, or in the foreground
"""
