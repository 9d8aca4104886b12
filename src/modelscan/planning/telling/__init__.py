"""The plan in words: why it is so, and what would help where nothing fits.

reasons  each choice with its reason
explain  the arithmetic, line by line
hints    what would help, in the order of what it costs
command  a request as the command line that makes it
"""
