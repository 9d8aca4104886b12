"""Downloading files.

transfer  downloads many parts at once and resumes them
parts     a file to download, and its byte stream
meter     counts the bytes, and reports progress
hashing   hashes, loaded with the first of them
verify    compares local files with a hub's listing
disk      checks free disk space
"""
