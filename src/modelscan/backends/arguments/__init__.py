"""Command lines, whatever the backend.

words    from --backend-arg to arguments: names with values
folding  arguments that the planner knows become part of the request
placeholders  words that stand for what the plan decides
allowed  the lists that arguments must pass
variables  the lists that environment variables must pass
secrets  what looks like a secret
history  which version knows an argument, and what an old form became
command  what all command lines share
"""
