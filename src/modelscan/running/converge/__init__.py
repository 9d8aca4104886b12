"""From the deployments that there are to those that a file wants, as Docker Compose does it: observe, plan, execute.

difference  what is to be done, by comparing
registered  what registered models ask for
grouping    which models share a process
naming      names for models that are wanted without one
together    where all of it runs, planned for the machine as a whole
refusing    where not all fit: what does not, and the smallest change after which all would
executing   doing it
gateway     the gateway that a file asks for, and its names
"""
