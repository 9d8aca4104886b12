"""Bringing models up together, and asking one.

up    what a file wants, brought about
down  which deployments of it are stopped
run   the deployment that answers, and its streamed answer
"""
