"""vLLM: `runs` its command line, `estimates` its memory, `explains` it with `log` and `causes`, `installs` and `probes`
its environments; `about` is what it says of itself.
"""
