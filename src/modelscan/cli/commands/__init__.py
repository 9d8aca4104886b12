"""The commands, in the same rooms as the verbs that they call.

find/      catalogs, this machine, plans
run/       `deploy` and `run`
carry/     `pull` and `weights`
manage/    deployments
register/  models of one's own
connect/   routes and client environments
maintain/  settings, logins, backends, schemas

Each function parses, calls one verb and hands the result to a view. The table (`cli/table.py`) holds its help line; its
module is imported only when it is called.
"""
