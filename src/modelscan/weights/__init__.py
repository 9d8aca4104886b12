"""Weights before any byte of them is loaded. Pure: configs, headers and lists of files in, shapes and bytes out.

`reading` makes a shape of a `config.json`, and sums of safetensors headers; `families` are the records of what is
special about a model family; `counting` makes parameters, bytes, KV cache and states of a shape. `address` is where
weights lie in S3.
"""
