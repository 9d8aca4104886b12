"""Command lines, whatever the backend.

words    from --backend-arg to arguments: names with values
folding  arguments that the planner knows become part of the request
allowed  the lists that arguments and environment variables must pass
history  which version knows an argument, and what an old form became
command  what all command lines share
"""
