"""Results as text, one module per document.

models       models in lists and in full
catalogs     catalog sources, a refresh and its differences
registered   registered models, and what a seeding did
hardware     the machine
plan         a plan on one screen
up           what `up` does, and how it ended
memory_bar   memory per device, drawn
deployments  deployments in a list and in full
events       events, one per line
weights      weights on this machine
backends     installed backends
routes       routes
gateway      the gateway, its keys, its names; the HTTP API
env          environment variables for clients
connect      what connecting a program changes
doctor       findings of `doctor`
version      `--version`
"""
