"""A machine that is not there, with deployments that nobody started, to draw pictures of the page.

staged    a target whose deployments are as their records say
scene     the records, logs and requests of the pictures
upstream  what answers for models that are not there
serve     the page over all of it
pictures  what the documentation shows of it
"""
