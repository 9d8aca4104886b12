"""Plans for a backend that holds layers on GPUs and in the host's memory, each where there is room.

forms      the quantizations of a repo, as choices
rooms      what each layer takes on its device and beside it, and what each device has
placing    which layers lie where: all on the fewest GPUs, else the experts of some on the host, else whole layers
pace       how fast that answers, from the bandwidth of each device's memory
judging    the candidate with its arithmetic, or the refusal
telling    its reasons, its lines of arithmetic, what is short
"""
