"""Settings: flag before environment before file before default, and where each value came from.

`reading` puts them together from a section (a module) per table of the configuration file: `catalog`, `backend`,
`weights`, `deploy`, `routing`. A section declares each key with its default, its variable and its line of the
reference (`declaring`), and how its value reads (`values`). `file` reads config.toml; `environment` is the one door
to environment variables.
"""
