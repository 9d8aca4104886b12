"""Weights in GGUF files, on any hub or in a folder.

describe   what their headers say
"""
