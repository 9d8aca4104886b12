"""Settings: option before environment before file before default, and where each value came from.

reading      puts the settings together
declaring    how a section declares a key: default, environment variable, line of the reference
values       how values are read
file         reads config.toml
environment  the one door to environment variables

A section is a module per table of config.toml:

catalog  the sources of the catalogs
backend  backends that modelscan did not install
weights  what is downloaded
deploy   starts, health checks, stops
routing  the routing file
seed_models  models in environment variables, under our names or a fleet's
gateway  the one address in front of deployments
api      the HTTP API and its page
handlers  where classes of one's own are found
"""
