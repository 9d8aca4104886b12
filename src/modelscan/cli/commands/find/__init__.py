"""Commands that look: at the catalogs, at this machine, at a plan.

search   `catalog search`
listing  `catalog list`
info     `catalog info`
sources  `catalog sources`
refresh  `catalog refresh`
diff     `catalog diff`
add      `catalog add`
filters  the options that search and list share
gpu      `gpu`
plan     `plan`
"""
