"""What fits best, and why: values in, a plan out. No disk, clock, network, process or environment.

options/  what there is to choose from: formats, layouts, budgets, context lengths
memory/   what a candidate takes of each device
speed/    how fast it should be, to rank candidates
offload/  layers on GPUs and on the host, each where there is room
decide/   from candidates to one plan
packing/  several models on one machine
telling/  reasons, arithmetic and hints, in words
"""
