"""Hugging Face.

hub      its files, in huggingface_hub's own cache
client   huggingface_hub's client, and its errors as ours
cache    the layout of huggingface_hub's cache
xet      its storage of large files
search   its model search
answers  the answers of its API
"""
