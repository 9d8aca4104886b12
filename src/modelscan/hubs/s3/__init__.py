"""Weights in S3: `describer` says what lies at an address, `download` and `upload` bring it here and there, `client` is
the library and its failures.
"""
