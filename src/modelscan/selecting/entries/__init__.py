"""What entries of registered models mean for a request.

find      an entry by any name of its model
applied   what an entry adds to a request
upstream  where an upstream model is served
"""
