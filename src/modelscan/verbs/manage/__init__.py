"""What is done to existing deployments; start, stop and remove are in `running`.

logs     what a backend wrote
events   what happened to deployments
wait     until it is ready, or stopped
restart  stop and start
"""
