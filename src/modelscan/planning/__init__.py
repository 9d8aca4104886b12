"""What fits best, and why: values in, a Plan out. No disk, clock, network, process or environment.

options/  what there is to choose from
memory/   what a candidate takes of each device
speed     how fast it should be, to rank candidates
decide/   candidates, and the plan among them
telling/  reasons, arithmetic and hints, in words
"""
