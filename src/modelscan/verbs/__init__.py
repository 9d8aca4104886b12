"""One function per verb: request in, result out. No verb imports another.

find/      searching and describing models
run/       asking a deployed model
manage/    existing deployments
register/  models of one's own
connect/   routes and client environments
carry/     downloading, verifying and removing weights
playground/ models of the Playground API
maintain/  settings, logins, backends, schemas, diagnosis
"""
