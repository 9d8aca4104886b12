"""Making it so: the records, the supervisor of each deployment, and the life of its processes.

    store        the records and their events; names and ports are claimed here
    lifecycle    what may follow what, and what to say of what is found (pure)
    control      what commands call: start, stop, remove; `waiting`, `observe`, `orphans`, `ports`, `logs` beside it
    processes    who a process is; signals only to whom we mean; `tree` ends everything of one deployment
    supervisor   the small program that owns one backend

The supervisor is made of `supervise` (its backend's lives), `life` (one of them), and what that uses: `spawn`, `pump`
for the output, `watch` and `probe` for the endpoint, `record` for the writing.
"""
