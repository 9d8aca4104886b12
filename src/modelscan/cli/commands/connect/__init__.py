"""Making models reachable: routes, and the environment of clients."""
