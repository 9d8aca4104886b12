"""Weights in S3.

describer  describes the objects under an address
download   to a folder
upload     from a folder
deleting   what was uploaded
client     the library, and its errors as ours
"""
