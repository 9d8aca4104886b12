"""What is known of deployments, and what may become of it: the same for every target.

    adapters      how a request asks for those of a deployment
    record        the record in four parts: spec, pinned plan, status, owner
    transitions/  every change of a record, as a pure function
    document      the record as the flat document that is stored and shown
    store         the records and their events; names and ports are claimed here
    causes        what an event says of why it happened
    claims        memory claimed by deployments, as arithmetic
    commanding    one command at a time works on a deployment, one at a time allocates memory
    measurements  memory figures that backends reported
    naming        names of deployments
    again         the command that made a deployment, with something changed
    files         the files of one deployment
    errand        an old module name that supervisors of the previous release call

`targets` starts, watches and stops them.
"""
