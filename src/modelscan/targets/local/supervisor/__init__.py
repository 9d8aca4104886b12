"""The program that owns one backend. It loads the standard library and light modules of ours: a test lists them.

    supervise  lives of its backend, one after the other, until it is stopped or fails
    supervision  what a life is made of
    life       one of them, from its start to its end
    rest       sleeping instead of being stopped
    admission  before a start on GPUs: the lease on them, and their memory measured again
    figures    what its log says of memory
    lease      the locks of those GPUs
    phases     what of a start is progress, and how long it will take
    reading    whether it reads on while its log is silent
    writer     its writes to the record: what cannot be written is retried
    jobs       starts what needs more than it may load
    job        those jobs, each a short process

Supervisors of the previous release call a job as `modelscan.deployments.errand`.
"""
