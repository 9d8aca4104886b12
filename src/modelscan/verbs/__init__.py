"""One function per verb: request in, result out. The command line and later the REST API call the same.

find/      which model
run/       asking a deployed one
manage/    deployments that are there
connect/   making them reachable
carry/     weights, here and elsewhere
maintain/  settings, logins, backends, and what is wrong
"""
