"""Models of the Playground API.

create      a new one: what was asked for, what the hub says of it, its secrets, its pull
listing     as they are now: all, or one
toggle      on and off
pull_again  a failed pull, begun anew
delete      with all that belongs to it
resume      what was broken off, taken up again
"""
