"""The program that owns one backend. It loads the standard library and light modules of ours: a test lists them.

    supervise  lives of its backend, one after the other, until it is stopped or given up
    life       one of them, from its start to its end
    admission  before a start on GPUs: the `lease` on them, and their memory measured anew
    phases     what of a start is progress, and how long it will take
    writer     the hand on the record: what cannot be written waits
    jobs, job  what needs more than it may load, each in a short process of its own

Supervisors of the release before call a job as `modelscan.deployments.errand`.
"""
