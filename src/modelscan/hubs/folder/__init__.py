"""Weights in folders of the user.

describe   the weights in a folder, from `config.json`, file names and headers
locate     which folder a path means
describer  the same as a `Describes`
copying    copies cached files into a folder
"""
