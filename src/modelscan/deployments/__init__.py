"""Making it so: the records, the supervisor of each deployment, and the life of its processes.

store       the records and their events
lifecycle   what may follow what, and what to say of what is found (pure)
processes   who a process is; signals only to whom we mean
tree        ending everything that one deployment started
supervisor  the small program that owns one backend: spawns, probes, pumps its log, restarts it
control     what the commands call: start, stop, remove, observe, wait
"""
