"""The decision, from what is there to one plan.

nothing_there  refusals before any arithmetic
candidates     one way to run it, judged: figures or a rejection
planner        every candidate ends as the plan, an alternative or a rejection
"""
