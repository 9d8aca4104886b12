"""What becomes of a record: every change of it is a named, pure function from the record to the new one. Pure.

    allowed      which status may follow which
    preparing    before there is anything to start: environment, weights, command line
    starting     a supervisor, its backend's process, the phases until it answers
    serving      ready, probed, unhealthy and recovered
    ending       stopping, stopped, failed, removed
    restarting   whether a backend that ended is started again, and that it is
    replanning   what is changed of the pinned plan so that it starts: another port, a smaller context
    observing    what a record is now, judged by what the machine shows

What happens when something ends unexpectedly:

    Ctrl-C in `deploy`     the command stops the backend and keeps the record: `stopped`
    SIGTERM to `deploy`    the same as Ctrl-C
    closed terminal        the command dies, the supervisor has a session of its own: the start goes on
    kill -9 of a command   before the supervisor exists: `failed` (interrupted), `start` takes it up again;
                           later: nothing, the supervisor owns the record
    kill -9 of supervisor  the kernel sends the backend's first process SIGTERM (parent-death signal); the record is
                           shown as `failed`; what is left over is swept by its tag at the next stop, start, remove
                           or by `doctor`
    kill -9 of backend     the supervisor ends what is left of the tree, explains the log, then `failed` or, with a
                           restart policy and after it was ready once, a new start after a pause
    … of either, asleep    `stopped` and no longer asleep: the next start starts it anew
    kill -9 of a worker    the backend ends itself (as above) or stops answering: `unhealthy`, with a policy restarted
    full disk              log lines are dropped and counted, changes of the record wait; backend and supervisor live
    reboot                 the lock is free and the boot id differs: `stopped`, `start` brings it back
"""
