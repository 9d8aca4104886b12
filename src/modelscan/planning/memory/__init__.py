"""What a candidate takes of each device, and how much KV cache that leaves.

footprint    what is there before the first token of KV cache
activations  what computing needs at its highest
overhead     libraries, communication, CUDA graphs
steps        how much a backend does in one step by default
capacity     what a pool of KV cache holds
corrections  measured figures in place of estimates
arithmetic   the sum as lines that add up
"""
