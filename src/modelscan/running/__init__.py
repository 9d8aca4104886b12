"""From a plan to a deployment that answers: what verbs share once it is known what is to run.

    deploy       all of it, as one straight line
    preflight    before the first byte: may these weights be had, loaded, and is there room
    environment  the installed backend, or the leave to install it; `installing` does
    record       the record of a new deployment, made from its plan
    claim        writing it down, which claims its name, its port and its memory
    prepare      environment, weights (`fetch`) and command line; `streaming` for weights that stay in S3
    follow       a start until it answers, told phase by phase
    routes       the routing file, kept in step with what is ready
    start, stop  again by the pinned plan, and to the end
    choice       what is said of the decisions

Where it runs is behind `targets`: nothing here knows which target a deployment has.
"""
