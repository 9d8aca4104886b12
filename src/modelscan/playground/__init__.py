"""Models as the Playground API knows them: what was asked for, how far it is, whether it answers.

A row keeps what was asked and what cannot be looked up again: how a pull ended, which inference is wanted, what is
still to be taken away. Everything else is looked at: jobs, deployments and the gateway's table say it.

record       the row
transitions  its changes, each with a name (pure)
again        when a pull that failed is begun again
settling     from a row, its jobs and its deployment to what it is now (pure)
store        the rows in the state database
asked        what a request asks for, and what of it is refused
sources      addresses: of repos on Hugging Face, of APIs elsewhere (pure)
places       where weights may be brought, and what is there
quantities   Kubernetes' quantities, and which bounds of a plan they are (pure)
secrets      token and keys of a model: the only place that holds them
locks        one command at a time for a model
shown        the model as answers have it (pure)
"""
