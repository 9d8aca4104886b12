"""Hubs on the network, what is the same for all of them.

`site` is what differs: how one hub is asked, and where its own tools keep files. `listings` knows which commit is meant
and which files it has, from what is remembered or from the hub. On it stand `describer`, which says what weights are
before a byte of them is fetched, and `fetcher`, which brings them here and checks them.
"""
