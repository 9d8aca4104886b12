"""The gateway as a service: started with its routes, and compared with what a file wants.

process  found, started and stopped
standing whether it is already as a file wants it
"""
