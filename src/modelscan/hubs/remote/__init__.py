"""Hubs on the network, what is the same for all of them.

site       what differs: how one hub is asked, and where its own tools keep files
listings   which commit is meant and which files it has, as remembered or as the hub says
describer  what weights are, before a byte of them is fetched
fetcher    downloads them and checks them
"""
