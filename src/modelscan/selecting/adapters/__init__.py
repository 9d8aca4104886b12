"""What goes on top of a model.

words  names and places, as people write them
found  looked at, and held against the model
"""
