"""Connecting programs to a deployment.

endpoint      where clients reach a deployment, and its key
client_files  the files of a connected program: what would change, copies, and taking it back
proof         one request that shows that an endpoint answers
"""
