"""Folders of the user: `describer` and `describe` say what is in one by `headers` and config; `copying` fills one."""
