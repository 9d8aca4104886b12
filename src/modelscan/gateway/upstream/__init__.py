"""The side of the endpoints: connections to deployments and upstreams, kept alive and used again.

address     where an endpoint is, and by which way it is reached (pure)
answer      the head of an answer (pure)
connection  one connection: a request out, an answer in, as events
pool        connections that are idle, and new ones: TCP, Unix sockets, TLS, proxies
"""
