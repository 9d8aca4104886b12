"""What a candidate takes of each device, and how much KV cache that leaves.

footprint    what is there before the first token of KV cache
activations  what computing needs at its highest
overhead     libraries, communication, CUDA graphs
steps        how much a backend does in one step by default
own_memory   the figures of a backend that manages its memory itself
corrections  measured figures in place of estimates
arithmetic   the sum as lines that add up
"""
