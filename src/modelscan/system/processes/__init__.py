"""Programs and processes: started through one door, known for certain, ended whole.

run       other programs, as lists of arguments
spawn     the first process of a backend, tied to its supervisor
identity  who a process is (boot, pid, start time), and the tag that its children inherit
tree      ending everything that one deployment started
memory    what processes hold
sockets   who listens on a port
ports     the next free one, and who has a taken one
"""
