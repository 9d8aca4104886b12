"""Looking after the program itself.

backends  installed backends
config    settings, with their origin, and changing them
doctor    what is wrong here, and the command that mends it
login     the user's token for a hub
schema    the JSON Schema of every document
"""
