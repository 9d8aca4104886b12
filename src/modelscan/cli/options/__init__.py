"""Options, each declared once: `shared` (of many commands), `plan` and `deploy` (those that stand for one request,
made by `request`), `words` (closed lists in help texts), `quantization` and `backend` (words that are looked up when
they are used), `complete` (what the shell offers).
"""
