"""Finding a model.

search   searching and listing models, and the sources of the index
info     everything known about one model
add      adding a model to the user's catalogs
refresh  fetching the catalogs again
"""
