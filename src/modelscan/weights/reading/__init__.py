"""What the files of a repo say.

Of `config.json`: `shape` (with `layers` for which layer sees how far), `quantization`, `tasks` (what it is for). Of
headers: `safetensors`. Of the list of files: `selection` (which of them a backend needs) and `listing` (what they
are). `shipped` is what comes with the program of well-known repos.
"""
