"""Maintaining modelscan itself.

backends   installed backends
config     settings, with their origin
configure  changing the user's configuration file
doctor     problems on this machine, and the commands that fix them
login      the user's token for a hub
schema     the JSON Schema of every document
"""
