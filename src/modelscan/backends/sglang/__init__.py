"""SGLang: `runs` its command line, `estimates` its memory, `explains` it with `log` and `causes`, `installs` its
environments; `about` is what it says of itself. It is known by its name, so it has no `probes`.
"""
