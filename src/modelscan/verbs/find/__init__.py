"""Finding a model.

search   searching and listing, and what the index says of itself
info     everything known of one model
add      a model of the user's own, into the folder of their catalogs
refresh  fetching the catalogs anew
"""
