"""From a name to an answer.

deploy  `deploy`
up      `up`: all that a file names
down    `down`
run     `run`: deploy if needed, then ask
"""
