"""What goes on top of a model.

describe  by its settings and the header of its matrices
"""
