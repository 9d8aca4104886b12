"""Weights, on their way here and once they are here.

pull     getting them without deploying
weights  listing, removing, pruning
verify   whether they are still what their hub lists
"""
