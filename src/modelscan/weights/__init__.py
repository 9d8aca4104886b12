"""Weights before any of them is loaded. Pure: configs, headers and file lists in, shapes and bytes out.

address     addresses of weights in S3
gguf_types  the types of tensors in GGUF files
families    records of what is special about each model family
reading     what the files of a repo say: shapes, sums from headers, file selection
counting    from a shape to parameters, bytes, KV cache and states
"""
