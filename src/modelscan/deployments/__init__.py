"""What is known of deployments, and what may become of it: the same for every target.

    record        the record in four parts: spec, pinned plan, status, owner
    transitions/  every change of a record, as a pure function
    document      the record as the flat document that is kept and shown
    store         the records and their events; names and ports are claimed here
    claims        memory that is promised to deployments, as arithmetic
    commanding    one command at a time works on a deployment, one at a time hands out memory
    measurements  what started backends said of their memory
    naming        names of deployments
    again         the command that made a deployment, with something changed
    places        where the files of one deployment lie

Who starts, watches and stops them is `targets`.
"""
