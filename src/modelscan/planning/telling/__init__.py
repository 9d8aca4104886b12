"""The plan in words: the reason of each choice, and what would help where nothing fits.

reasons    each choice with its reason
explain    the arithmetic, line by line
hints      what would help, the cheapest first
longer     what would give a longer context
command    a request as the command line that makes it
"""
