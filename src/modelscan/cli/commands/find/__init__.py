"""Commands that only read: catalogs, this machine, plans.

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
