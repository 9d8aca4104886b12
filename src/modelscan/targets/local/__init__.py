"""This machine as a target: each deployment has a small supervisor, a process of its own that outlives the terminal.

    target       the target itself
    placement    a port, and memory measured again, for a new deployment
    start        a supervisor, which starts the rest
    stop         with its supervisor, or on what a killed one left
    sleep        asking for sleep instead, and waking
    release      waiting until the memory is free again
    observe      a record, checked against lock, boot and processes
    claims       memory that is claimed, and how much of it is not held yet
    orphans      processes that a killed supervisor left behind
    cgroup       the control group that its processes stay in
    moving       another port for a deployment whose port was taken
    environment  which of the user's variables supervisor and backend get
    supervisor/  the program that owns one backend
    health/      probing a backend, and what the results mean

A process is not its pid: the supervisor holds a lock for its whole life, and only what carries our tag, in
its environment or in the name of its cgroup, is signalled.
"""
