"""What a candidate takes of each device, and how much KV cache that leaves room for.

footprint    what is there before the first token of KV cache
activations  the peak of what computing needs
overhead     libraries, communication, CUDA graphs
steps        the tokens of a step by default
adapting     what adapters add
drafting     what speculation adds
requests     what requests take of the KV cache
own_memory   a backend that manages its own memory
corrections  measured figures in place of estimates
arithmetic   the sum, line by line
"""
