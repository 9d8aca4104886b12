"""From a name to an answer.

deploy  `deploy`
run     `run`: deploy if needed, then ask
"""
