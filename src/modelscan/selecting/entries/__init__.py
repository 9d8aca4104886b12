"""What entries of registered models mean for a request.

find      an entry by any name of its model
applied   what an entry adds to a request
upstream  where an upstream model is served, and what it costs
offered   what a server that runs somewhere has
kinds     what a model of somebody else is for
members   the upstreams of all entries, for the gateway
"""
