"""ModelScope: `hub` is how it is asked, `cache` the cache of its own client."""
