"""From a plan to a deployment that responds: what verbs share once it is known what is to run.

    deploy       all of it, step by step
    preflight    before the first byte: may these weights be downloaded and loaded, and is there room
    environment  the installed backend, or permission to install it
    installing   installing it
    record       the record of a new deployment, made from its plan
    claim        writing it, which claims its name, its port and its memory
    prepare      environment, weights and command line
    fetch        downloading the weights
    streaming    weights that stay in S3
    follow       a start until it responds, reported phase by phase
    routes       keeps the routing file in step with what is ready
    start        again from the pinned plan
    stop         to the end
    choice       how the decisions are reported

Where it runs is behind `targets`: nothing here knows which target a deployment has.
"""
