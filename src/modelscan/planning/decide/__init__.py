"""The decision: from the available weights and devices to one plan.

nothing_there  refusals that need no arithmetic
candidates     one way to run the model, judged: all its figures, or a rejection
pace           a smaller format where the first choice would answer too slowly
planner        every candidate becomes the plan, an alternative or a rejection
"""
