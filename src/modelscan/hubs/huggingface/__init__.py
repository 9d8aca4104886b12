"""Hugging Face.

hub      its files, in huggingface_hub's own cache
client   huggingface_hub's client, and its errors as ours
cache    the layout of huggingface_hub's cache
xet      its storage of large files
search   its model search
about    what it says of a repo to people
card     the first words of a model's card (pure)
answers  the answers of its API
"""
