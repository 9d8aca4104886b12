"""Looking after the program itself.

backends   installed backends
config     settings, with their origin
configure  changing the user's configuration file
doctor     what is wrong here, and the command that fixes it
login      the user's token for a hub
schema     the JSON Schema of every document
"""
