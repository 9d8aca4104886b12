"""This machine as a target: each deployment has a small supervisor, a process of its own that outlives the terminal.

    target       the target itself; `placement`, `start`, `stop`, `release` are its verbs
    observe      a record, checked against lock, boot and processes
    claims       what memory is promised, and how much of it is not held yet
    owner        who holds the supervisor's lock
    orphans      processes that nobody owns any more
    moving       another port for one whose port somebody else took
    environment  what supervisor and backend get of the user's environment
    supervisor/  the program that owns one backend
    health/      asking a backend, and what the answers mean
    logs/        its output, kept within bounds and read again

A process is not its number: the supervisor holds a lock for its whole life, and only what carries our tag is signalled.
"""
