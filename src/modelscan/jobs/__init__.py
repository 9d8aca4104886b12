"""Long work that outlives its caller: a command of modelscan's own, detached, under a lock, with a row and events.

A runner holds the job's lock from before its row is written until it ends, and writes what the command tells as events;
the command ends when its runner does. So a job that says `running` while its lock is free was interrupted.

job     what a job is, and its events
files   the files of one job
site    what of a context a job needs
store   their rows in the state database
start   begin one
now     jobs as they are now, checked against their locks
cancel  end one
heard   pure: the lines of a command → events, seldom enough to be kept
run     the runner: `python -m modelscan.jobs.run`
"""
