"""Programs and processes: started through one door, identified for certain, stopped with all children.

run       other programs, as lists of arguments
spawn     the first process of a backend, tied to its supervisor
cores     which processors what is started keeps to
cgroup    a control group for those of one deployment, which none of them drops
identity  who a process is (boot, pid, start time), and the tag that its children inherit
tree      stops everything that one deployment started
memory    memory use of processes
sockets   who listens on a port
ports     the next free one, and the owner of one in use
"""
