"""The decision: from the available weights and devices to one plan.

devices        which GPUs may be used, and which of them together
spreading      the layouts of a choice in their order, and the budget of each
nothing_there  refusals that need no arithmetic
rejections     why one way to run the model is no candidate
candidates     one way to run the model, judged: all its figures, or a rejection
improving      another layout, for what a mode is about
weighing       when a backend that can use the host's memory is weighed beside the first one
pace           a smaller format where the first choice would answer too slowly
several        more than one model in a process
planner        every candidate becomes the plan, an alternative or a rejection
"""
