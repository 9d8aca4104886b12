"""What is done to existing deployments; start and stop are in `running`.

logs     what a backend wrote
events   what happened to deployments
wait     until it is ready, or stopped
restart  stop and start
remove   stop, and free its name and port
"""
