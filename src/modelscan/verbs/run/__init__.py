"""Bringing models up together, and asking one.

foresee what deploy would do, and what of it can be refused at once
up    what a file wants, brought about
down  which deployments of it are stopped
run   the deployment that answers, and its streamed answer
"""
