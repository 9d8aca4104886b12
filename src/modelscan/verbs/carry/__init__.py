"""Weights: downloading them and looking after those on this machine.

pull     downloading without deploying
weights  listing, removing, pruning
verify   checking against the hub's checksums
"""
