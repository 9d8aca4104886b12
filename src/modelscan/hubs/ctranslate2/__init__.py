"""Weights in CTranslate2's form, on any hub or in a folder.

describe   what the head of their file says
"""
