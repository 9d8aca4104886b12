"""How models run: a folder per backend, found by its line in `registry`.

A backend is a folder with `about` (what it says of itself) and a module per capability that it has: `runs`,
`estimates`, `explains`, `installs`, `probes`, as `capabilities` describes them. `backend` loads each on use, `base` has
the values that they take and return, `builds` reads the table of versions. What several backends need is shared:
`arguments/` (their command lines), `explaining/` (their logs), `sampling`.
"""
