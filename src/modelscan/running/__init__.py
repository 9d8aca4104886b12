"""From a plan to a deployment that responds: what verbs share once there is a plan.

deploy       all steps in order
preflight    before the download: access, code, disk space
allow_env    asks before variables reach a backend that are on no list
environment  the installed backend, or permission to install it
installing   installs it
record       the record of a new deployment, made from its plan
claim        stores the record, which claims its name, port and memory
prepare      environment, weights and command line
fetch        downloads the weights
streaming    weights that stay in S3
shell        what of the user's shell does not reach the backend
follow       follows a start until the endpoint responds, and reports each phase
progress     reports the steps of a start, with the time left and the last line of the log
connecting/  where clients reach a deployment, their files, and a proof
routes       keeps the published files in step with ready deployments
gateway/     the gateway as a process: started, found, stopped
stale_routes removes routes that lead to nothing, for commands that only look
start        starts again by the pinned plan
stop         stops, and removes
playground/  models of the Playground API: looked at, pulled, served, taken away
converge/    brings up what a file names, all of it together
choice       reports the decisions

Where it runs is behind `targets`: nothing here knows which target a deployment has.
"""
