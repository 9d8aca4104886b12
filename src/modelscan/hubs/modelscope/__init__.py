"""ModelScope.

hub      its API and its files
cache    the cache of its own client
answers  the answers of its API
"""
