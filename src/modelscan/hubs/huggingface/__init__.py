"""Hugging Face: `hub` is how it is asked for files, `client` its library and its failures, `cache` the library's cache,
`xet` its storage of large files, `search` its own search for models.
"""
